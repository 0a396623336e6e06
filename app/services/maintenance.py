"""The long operations over a whole catalogue: files out, files in, and reading anew."""

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

_CHANGES_SEARCHED = 1_000


class MaintenanceService:
    """What commands and the administrator's page do. Every method may raise `app.errors.StoreUnavailable`."""

    def __init__(self, store: Store, analyzer: Analyzer) -> None:
        self._store = store
        self._analyzer = analyzer

    @property
    def durable(self) -> bool:
        """Whether a restart keeps what is done here."""
        return self._store.durable

    def export_catalogue(self) -> Iterator[bytes]:
        """Everything, as JSON Lines."""
        return import_export.export_catalogue(self._store)

    def export_reviews(self) -> Iterator[bytes]:
        """Return the reviews, as CSV."""
        return import_export.export_reviews(self._store)

    def export_corrections(self) -> Iterator[bytes]:
        """Return the corrected reviews, as training rows."""
        return import_export.export_corrections(self._store)

    def preview_file(self, file: BinaryIO, options: TableOptions) -> Preview:
        """Read the beginning of a file; see `import_export.preview_file`."""
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
        """Undo a deletion or an import, the latest import for 0; raises what `Store.undo` does, `NotFound` for none."""
        if not change_id:
            changes, _ = self._store.audit_log(0, _CHANGES_SEARCHED)
            imports = [change.id for change in changes if change.action is AuditAction.IMPORT and change.undoable]
            if not imports:
                raise NotFound("import", 0)
            change_id = imports[0]
        return self._store.undo(change_id, who)

    def models(self) -> dict[str, int]:
        """How many reviews each model read, by its id; empty for one that is not known any more."""
        return self._store.models()

    def count_outdated(self) -> int:
        """How many reviews another model than the present one read."""
        return count_outdated(self._store, self._analyzer.card.id)

    def rescore(self, *, everything: bool = False, who: str = "", report: ProgressCallback = ignore) -> RescoreResult:
        """Read reviews again with the present model and note it in the log; see `rescoring.rescore`."""
        result = rescore(self._store, self._analyzer, everything=everything, report=report)
        if result.count:
            moved = f"긍정으로 {result.to_positive:,}, 부정으로 {result.to_negative:,}"
            mean = f"평균 {result.mean_before:.2f} → {result.mean_now:.2f}"
            self._store.add_audit_entry(
                AuditAction.RESCORE, f"리뷰 {result.count:,}개 · {moved} · {mean} · {self._analyzer.card.name}", who
            )
        return result
