"""Files in and out: JSON Lines for everything, CSV for reviews, training rows for corrections."""

from app.catalogue.transfer.exporting import export_catalogue, export_corrections, export_reviews
from app.catalogue.transfer.importing import Outcome, import_file

__all__ = ["Outcome", "export_catalogue", "export_corrections", "export_reviews", "import_file"]
