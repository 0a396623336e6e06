"""Operations on the whole catalogue: export, import and rescoring."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from app.errors import NotFound
from app.models import AuditAction, AuditEntry
from app.protocols import Analyzer
from app.services import import_export
from app.services.import_export import ImportResult, Preview, TableOptions
from app.services.progress import ProgressCallback, ignore
from app.services.rescoring import RescoreResult, count_outdated, rescore
from app.store import Store

_MAX_SEARCHED_ENTRIES = 1_000


class MaintenanceService:
    """Operations of the administrator's pages and commands. Every method may raise `app.errors.StoreUnavailable`."""

    def __init__(self, store: Store, analyzer: Analyzer) -> None:
        self._store = store
        self._analyzer = analyzer

    @property
    def durable(self) -> bool:
        """Return whether the data survives a restart of the process."""
        return self._store.durable

    def export_catalogue(self) -> Iterator[bytes]:
        """Export the catalogue as JSON Lines."""
        return import_export.export_catalogue(self._store)

    def export_reviews(self) -> Iterator[bytes]:
        """Export the reviews as CSV."""
        return import_export.export_reviews(self._store)

    def export_corrections(self) -> Iterator[bytes]:
        """Export the corrected reviews as training data."""
        return import_export.export_corrections(self._store)

    def preview_file(self, file: BinaryIO, options: TableOptions) -> Preview:
        """Preview the first rows of a file; see `import_export.preview_file`."""
        return import_export.preview_file(file, options)

    def import_file(
        self,
        file: BinaryIO,
        *,
        options: TableOptions | None = None,
        written_at: datetime | None = None,
        skip_bad: bool = False,
        reread: bool = False,
        who: str = "",
        report: ProgressCallback = ignore,
    ) -> ImportResult:
        """Import a file as one entry of the audit log; see `import_export.import_file`."""
        return import_export.import_file(
            self._store,
            self._analyzer,
            file,
            options=options,
            written_at=written_at,
            skip_bad=skip_bad,
            reread=reread,
            who=who,
            report=report,
        )

    def undo(self, change_id: int = 0, who: str = "") -> AuditEntry:
        """Undo a deletion or an import (0: the latest import). Raise the errors of `Store.undo`."""
        if not change_id:
            changes, _ = self._store.audit_log(0, _MAX_SEARCHED_ENTRIES)
            imports = [change.id for change in changes if change.action is AuditAction.IMPORT and change.undoable]
            if not imports:
                raise NotFound("import", 0)
            change_id = imports[0]
        return self._store.undo(change_id, who)

    def models(self) -> dict[str, int]:
        """Return the number of reviews by the id of the model that analyzed them; the id is empty if unknown."""
        return self._store.models()

    def count_outdated(self) -> int:
        """Return the number of reviews analyzed by another model than the current one."""
        return count_outdated(self._store, self._analyzer.card.id)

    def rescore(self, *, everything: bool = False, who: str = "", report: ProgressCallback = ignore) -> RescoreResult:
        """Analyze reviews again with the current model and log it; see `rescoring.rescore`."""
        result = rescore(self._store, self._analyzer, everything=everything, report=report)
        if result.count:
            moved = f"긍정으로 {result.to_positive:,}, 부정으로 {result.to_negative:,}"
            mean = f"평균 {result.mean_before:.2f} → {result.mean_now:.2f}"
            self._store.add_audit_entry(
                AuditAction.RESCORE, f"리뷰 {result.count:,}개 · {moved} · {mean} · {self._analyzer.card.name}", who
            )
        return result
