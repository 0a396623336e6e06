"""Files like those of other sites and programs, each with its result in an empty store."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.errors import ValidationFailed
from app.services.import_export import ImportResult, TableOptions, import_file
from app.services.import_export.cells import format_local
from app.store import Store
from tests.fakes import FakeAnalyzer

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """The expected result of an import; None is not checked. `moments` are times, `titles` have release dates."""

    count: int
    title: str = ""
    skip_bad: bool = False
    texts: list[str] | None = None
    authors: list[str] | None = None
    titles: list[str] | None = None
    moments: list[str] | None = None
    bad: list[int] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repeated: int = 0


LETTERBOXD = Case(
    3,
    texts=["두 번 봐도 놀랍다.\n\n계단이 주인공인 영화", '"누구냐 너"\n생각보다 지루했다 & 길다', "여운이 길다"],
    titles=["Parasite 2019", "Oldboy 2003", "Burning 2018"],
    moments=["2024-01-04", "2024-01-31", "2024-03-04"],
    notes=["stars_unused", "columns_unused"],
)
CASES_BY_NAME = {
    "tsv-open-quote.tsv": Case(5, texts=['"역대 최고', "또 보고 싶다", "별로였다", '한강 장면이 "백미"', "지루했다"]),
    "tsv-quotes.tsv": Case(6),
    "letterboxd-reviews.csv": LETTERBOXD,
    "letterboxd-export.zip": LETTERBOXD,
    "korean-names.csv": Case(1, authors=["abcd"], titles=["괴물"], notes=["stars_unused"]),
    "kr-names2.csv": Case(1, authors=["abcd"], moments=["2024-05-01"]),
    "comment-names.csv": Case(1, authors=["abcd"], notes=["stars_unused"]),
    "naver-crawl.csv": Case(
        1, title="괴물", authors=["익명"], moments=["2019-05-30 15:11"], bad=[3], notes=["stars_unused"]
    ),
    "storygraph.csv": Case(1, authors=["책을 쓴 사람"], notes=["stars_unused", "columns_unused"]),
    "date-two-digit.csv": Case(1, moments=["2022-05-01"]),
    "date-weekday.csv": Case(1, moments=["2024-05-01 15:05"]),
    "date-month-only.csv": Case(1, dropped=["created_at"]),
    "release-year.csv": Case(1, titles=["괴물 2019"]),
    "long-genre.csv": Case(1, dropped=["genre"]),
    "one-bad-byte.csv": Case(3, skip_bad=True, bad=[4], texts=["정말 재미있어요", "지루해요", "또 봤어요"]),
    "utf16le-nobom.csv": Case(2, texts=["정말 재미있어요", "지루해요"]),
    "cr-only.csv": Case(2, texts=["정말 재미있어요", "지루해요"]),
    "array.json": Case(2, authors=["밤편지", "새벽"]),
    "array-oneline.json": Case(2, authors=["밤편지", "새벽"]),
    "nsmc-raw.json": Case(
        1, title="괴물", authors=["abcd****"], moments=["2015-08-25"], notes=["stars_unused", "columns_unused"]
    ),
    "reviews.csv.gz": Case(2, texts=["정말 재미있어요", "지루해요"], moments=["2024-05-01", "2024-05-02"]),
    "html-entities.csv": Case(
        3, texts=["Tom & Jerry 같은 \"명작\" <3 '최고'", "첫 줄\n둘째 줄 최고", '"누구냐 너"\n생각보다 지루했다']
    ),
    "dups.csv": Case(1, repeated=2, moments=["2019-05-30 15:11"]),
    "twice-d0.csv": Case(2),
    "export-as-is.csv": Case(3),
    "export-saved-by-excel.csv": Case(3),
    "title-row-first.csv": Case(1, moments=["2024-05-01"]),
    "blank-first-semicolon.csv": Case(1),
    "pipe.csv": Case(1),
    "zwsp-header.csv": Case(1),
    "backslash.csv": Case(2, texts=['그는 "최고"라고 했다', "좋았다"]),
    "stars.csv": Case(2, notes=["stars_unused"]),
    "long.csv": Case(0, skip_bad=True, bad=[2]),
    "club.xlsx": Case(
        2,
        skip_bad=True,
        texts=["한강 장면이 <최고>", "두 번 봤다"],
        titles=["괴물 2006", "기생충 2019"],
        moments=["2024-05-01 15:05", "2024-05-02"],
        bad=[7],
        notes=["sheets_unused"],
    ),
    "club.ods": Case(2, authors=["밤편지", "새벽"], dropped=["created_at"]),
    "utf16be-tabs.txt": Case(2, texts=['"역대 최고', "지루했다"]),
    "python-euckr.csv": Case(1, texts=["뷁스러운 햏자의 믜움"], titles=["똠방각하"]),
    "one-bad-byte-cp949.csv": Case(2, skip_bad=True, bad=[3], texts=["다시 봐도 최고", "여운이 길다"]),
    "google-forms.csv": Case(
        2,
        texts=["처음부터 끝까지\n눈을 뗄 수 없었다", "기대보다 지루했다"],
        moments=["2024-05-01 15:05:12", "2024-05-02 11:20"],
        bad=[4],
        notes=["stars_unused", "columns_unused"],
    ),
    "crawl.json.gz": Case(
        2,
        texts=["Tom & 제리\n같다", "별로"],
        moments=["2024-05-01", "2024-05-04 19:00"],
        bad=[2],
        notes=["columns_unused"],
    ),
    "letterboxd-folder.zip": Case(
        2,
        texts=["좋다", '"명작"\n\n또 봐도'],
        titles=["Untitled", "Parasite, again 2019"],
        notes=["stars_unused", "columns_unused"],
    ),
    "open-quote.csv": Case(2, skip_bad=True, bad=[2], texts=["닫힌 따옴표", "지루했다"]),
    "pipe-quotes.txt": Case(3, texts=['"역대 최고', '"명작"이라더니', "5/5, 또 봄"]),
    "mysql-escapes.csv": Case(2, texts=['"최고" 라는 \\ 말', "끝이 좋다\\"]),
    "dates.csv": Case(
        5, skip_bad=True, titles=["괴물 2006-07"] * 4 + ["괴물"], bad=[6], dropped=["release_date", "created_at"]
    ),
}
REFUSED = {
    "letterboxd-ratings.csv": ("texts_missing", "texts: no column 내용 (content); it has: Date, Name, Year, Letter"),
    "imdb-ratings.csv": ("texts_missing", "no reviews' texts"),
    "letterboxd-list.csv": ("texts_missing", "no reviews' texts"),
    "foreign.jsonl": ("head_missing", '{"format":"gampyeong","version":1}'),
    "html.xls": ("file_is_web_page", "web page"),
    "book.ods": ("workbook_broken", "save it as CSV"),
    "picture.csv": ("file_is_image", "picture"),
    "excel-2003.xls": ("file_is_xml", "XML"),
    "book.xlsx": ("texts_missing", "no reviews' texts"),
    "naver-crawl.csv": ("columns_missing", "제목 (title)"),
    "nsmc-raw.json": ("columns_missing", "제목 (title)"),
}
"""Why nothing of a file is taken, by `FieldError.type`, and a part of the message."""


def import_case(name: str, store: Store, **options: Any) -> ImportResult:
    return import_file(store, FakeAnalyzer(), io.BytesIO((CASES / name).read_bytes()), **options)


def local_time(moment: str) -> str:
    return format_local(moment).removesuffix(":00").removesuffix(" 00:00")


@pytest.mark.parametrize("name", CASES_BY_NAME)
def test_a_file_is_imported(name: str, store: Store) -> None:
    case = CASES_BY_NAME[name]
    result = import_case(name, store, options=TableOptions(title=case.title), skip_bad=case.skip_bad)
    reviews = store.all_reviews()
    titles = {movie.id: f"{movie.title} {movie.release_date}".strip() for movie in store.movies()}
    assert len(reviews) == case.count
    assert result.added and result.added.reviews + result.known + result.repeated + result.bad_count == result.rows
    for expected, found in (
        (case.texts, [review.content for review in reviews]),
        (case.authors, [review.author for review in reviews]),
        (case.titles, [titles[review.movie_id] for review in reviews]),
        (case.moments, [local_time(review.created_at) for review in reviews]),
    ):
        assert expected in (None, found)
    assert [row.number for row in result.bad] == case.bad
    assert [cell.error.field for cell in result.dropped] == case.dropped
    assert [note.type for note in result.notes] == case.notes
    assert result.repeated == case.repeated


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused(name: str, store: Store) -> None:
    with pytest.raises(ValidationFailed) as caught:
        import_case(name, store)
    (error,) = caught.value.errors
    assert (error.type, REFUSED[name][1] in error.message) == (REFUSED[name][0], True)
    assert not store.movies()


@pytest.mark.parametrize(("name", "bad"), [("one-bad-byte.csv", [4]), ("long.csv", [2])])
def test_a_bad_row_stops_the_import(name: str, bad: list[int], store: Store) -> None:
    result = import_case(name, store)
    assert (result.added, [row.number for row in result.bad], list(store.movies())) == (None, bad, [])


@pytest.mark.parametrize(("first", "second", "count"), [
    ("twice-d0.csv", "twice-d1.csv", 2), ("twice-d1.csv", "twice-d0.csv", 2),
    ("export-as-is.csv", "export-saved-by-excel.csv", 3), ("export-saved-by-excel.csv", "export-as-is.csv", 3),
    ("dups.csv", "dups.csv", 1), ("letterboxd-reviews.csv", "letterboxd-export.zip", 3),
])  # fmt: skip
def test_importing_again_adds_nothing(first: str, second: str, count: int, store: Store) -> None:
    import_case(first, store)
    result = import_case(second, store)
    assert (result.added and result.added.reviews, result.known) == (0, count)
    assert store.totals().review_count == count


def test_the_long_genre_is_cut_at_a_comma(store: Store) -> None:
    import_case("long-genre.csv", store)
    assert store.movies()[0].genre == "Animation, Adventure, Comedy, Family, Fantasy"


def test_every_file_is_tested() -> None:
    named = {*CASES_BY_NAME, *REFUSED, "twice-d1.csv"}
    assert {path.name for path in CASES.iterdir()} == named
