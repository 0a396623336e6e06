"""The long operations over a whole catalogue: files out, files in, and reading anew."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from app.catalogue import import_export
from app.catalogue.import_export import ImportResult, Preview, TableOptions
from app.catalogue.progress import ProgressCallback, ignore
from app.catalogue.rescoring import Rescored, count_outdated, rescore
from app.models import Action
from app.protocols import Analyzer
from app.store import Store


class Workshop:
    """What commands and the administrator's page do. Every method may raise `app.errors.Unavailable`."""

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
        """The reviews, as CSV."""
        return import_export.export_reviews(self._store)

    def export_corrections(self) -> Iterator[bytes]:
        """The corrected reviews, as training rows."""
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
        """Takes a file in and notes it in the log; see `import_export.import_file`."""
        outcome = import_export.import_file(
            self._store,
            self._analyzer,
            file,
            options=options,
            written_at=written_at,
            skip_bad=skip_bad,
            reread=reread,
            report=report,
        )
        if outcome.added and outcome.added.reviews + outcome.added.movies:
            summary = f"영화 {outcome.added.movies:,}편 · 리뷰 {outcome.added.reviews:,}개"
            self._store.log(Action.IMPORT, summary, who)
        return outcome

    def models(self) -> dict[str, int]:
        """How many reviews each model read, by its id; empty for one that is not known any more."""
        return self._store.models()

    def count_outdated(self) -> int:
        """How many reviews another model than the present one read."""
        return count_outdated(self._store, self._analyzer.card.id)

    def rescore(self, *, everything: bool = False, who: str = "", report: ProgressCallback = ignore) -> Rescored:
        """Reads reviews again with the present model and notes it in the log; see `rescoring.rescore`."""
        result = rescore(self._store, self._analyzer, everything=everything, report=report)
        if result.count:
            moved = f"긍정으로 {result.to_positive:,}, 부정으로 {result.to_negative:,}"
            mean = f"평균 {result.mean_before:.2f} → {result.mean_now:.2f}"
            self._store.log(
                Action.RESCORE, f"리뷰 {result.count:,}개 · {moved} · {mean} · {self._analyzer.card.name}", who
            )
        return result
