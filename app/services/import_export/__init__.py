"""Import and export of files: JSON Lines of the whole catalogue, tables of reviews, training data of corrections."""

from app.services.import_export.exporter import export_catalogue, export_corrections, export_reviews
from app.services.import_export.importer import import_file
from app.services.import_export.parsed_file import ImportResult, Preview, preview_file
from app.services.import_export.tables import ANONYMOUS, FIELDS, TableOptions

__all__ = [
    "ANONYMOUS",
    "FIELDS",
    "ImportResult",
    "Preview",
    "TableOptions",
    "export_catalogue",
    "export_corrections",
    "export_reviews",
    "import_file",
    "preview_file",
]
