"""Each row of a file is added, known, repeated or an error."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.models import MovieFields
from app.services.import_export import ImportResult, TableOptions, import_file
from app.store import Store, open_store
from tests.fakes import FakeAnalyzer
from tests.services.import_export.conftest import Import, reasons
from tests.services.import_export.test_real_files import CASES

NASTY = st.sampled_from(
    ['"', '""', "'", "\\", '\\"', ",", ";", "\t", "|", "\n", "\r\n", "\r", "\u2028", "\x00", "\x1a", "=1", "<b>",
     "&lt;", "<", "가", "최고", " ", "\u3164", "\u200b", "🍿", "2024-05-01", "2999-01-01", "익명", "x" * 6_000]
)  # fmt: skip
CELLS = st.lists(NASTY, max_size=5).map("".join)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=8)
HEADER = ["제목", "작성자", "내용", "작성일"]
MANY = settings(max_examples=60, deadline=None)


def import_data(data: bytes, store: Store, **options: Any) -> ImportResult:
    return import_file(store, FakeAnalyzer(), io.BytesIO(data), skip_bad=True, **options)


def check_row_counts(data: bytes, **options: Any) -> ImportResult | None:
    """Import twice and check the sums; None for a file that is refused as a whole."""
    with closing(open_store()) as store:
        try:
            result = import_data(data, store, **options)
        except ValidationFailed:
            assert not store.movies()
            return None
        assert result.added
        assert result.rows == result.added.reviews + result.known + result.repeated + result.bad_count
        assert store.totals().review_count == result.added.reviews
        again = import_data(data, store, **options)
        assert again.added and (again.added.reviews, again.added.movies) == (0, 0)
        assert (again.rows, again.bad_count) == (result.rows, result.bad_count)
        return result


def csv_of(rows: list[Any], **dialect: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **dialect).writerows([HEADER, *rows])
    return out.getvalue().encode()


def has_text(row: Any) -> bool:
    return any(cell.strip() for cell in row)


@MANY
@given(ROWS, st.sampled_from([",", ";"]), st.sampled_from(["\r\n", "\n"]))
def test_rows_of_a_well_formed_table_are_counted(rows: list[Any], delimiter: str, line_end: str) -> None:
    result = check_row_counts(csv_of(rows, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL))
    if result and '\\"' not in "".join(map("".join, rows)):
        assert result.rows == sum(map(has_text, rows))


@MANY
@given(st.lists(st.text("가나\"',;\\<>&= ", max_size=8), max_size=8))
def test_lines_of_a_tab_separated_file_are_counted(texts: list[str]) -> None:
    lines = [f"괴물\t밤편지\t{text}\t" for text in texts]
    result = check_row_counts("\n".join(["\t".join(HEADER), *lines]).encode())
    assert result and result.rows == len(lines)


@MANY
@given(st.lists(CELLS, max_size=8))
@example(['괴물,밤편지,"끝이 없다,', '괴물,나,"또 없다,', "괴물,다,별로,"])
def test_rows_of_a_malformed_table_are_counted(lines: list[str]) -> None:
    check_row_counts("\n".join([",".join(HEADER), *lines]).encode("utf-8", "replace"))


@MANY
@given(st.lists(st.binary(max_size=12), max_size=8))
def test_lines_with_invalid_bytes_are_counted(texts: list[bytes]) -> None:
    lines = [b"M,A," + text.translate(None, b'\r\n",') + b"," for text in texts]
    good = ["괴물,밤편지,다시 봐도 좋은 영화였어요,".encode()] * 20
    result = check_row_counts(b"\n".join([",".join(HEADER).encode(), *lines, *good]))
    assert result is None or result.rows == len(lines) + len(good)


@MANY
@given(st.lists(st.dictionaries(st.sampled_from(["title", "author", "review", "별점", "x"]), CELLS | st.integers())))
def test_elements_of_an_array_are_counted(items: list[dict[str, Any]]) -> None:
    result = check_row_counts(json.dumps(items).encode(), options=TableOptions(title="괴물"))
    assert result is None or result.rows == len(items)


def test_keys_of_late_objects_are_columns(load: Import, store: Store) -> None:
    items = [{"title": "괴물", "review": f"{number}번 봤다"} for number in range(300)]
    load(json.dumps([*items, {"title": "괴물", "review": "최고", "nickname": "밤편지"}]), skip_bad=True)
    assert [review.author for review in store.all_reviews()] == ["밤편지"]


@pytest.mark.parametrize(("encoding", "bad"), [("utf-8", b"\xed\x95"), ("cp949", b"\xff")])
def test_rows_with_invalid_bytes_are_reported_by_number(load: Import, encoding: str, bad: bytes) -> None:
    table = "제목,작성자,내용\n괴물,밤편지,최고\n괴물,새벽,지루\n괴물,가,좋았다"
    head, *rows = table.encode(encoding).split(b"\n")
    result = load(b"\n".join([head, rows[0], rows[1] + bad, rows[2]]), skip_bad=True)
    assert reasons(result) == [(3, [("content", "bytes_invalid")])]


def test_equal_rows_of_one_day_are_added_once(load: Import, store: Store) -> None:
    rows = [("괴물", "2024-05-01")] * 3 + [("괴 물", "2024-05-01"), ("괴물", "2024-05-02"), ("괴물", "")]
    table = "제목,작성자,내용,작성일\n" + "".join(f"{title},밤편지,최고,{day}\n" for title, day in rows)
    result = load(table)
    assert (result.added and result.added.reviews, result.repeated) == (3, 3)
    assert load(table).known == 3
    assert len(store.all_reviews()) == 3


@pytest.mark.parametrize(("first", "second", "added"), [
    ("2024-05-01 15:05:09", "2024-05-01 15:05", 0), ("2024-05-01 15:05", "2024-05-01 15:05:09", 0),
    ("2024-05-01", "2024-05-01 15:05:09", 0), ("2024-05-01 15:05:09", "2024. 5. 1.", 0),
    ("2024-05-01 15:05:09", "2024-05-01 15:05:10", 1), ("2024-05-01 15:05", "2024-05-01 15:06:09", 1),
    ("2024-05-01", "2024-05-02", 1), ("", "2024-05-01", 0), ("2024-05-01", "", 0), ("", "", 0),
])  # fmt: skip
def test_times_match_at_the_coarser_precision(load: Import, store: Store, first: str, second: str, added: int) -> None:
    for moment in (first, second):
        load(f"제목,작성자,내용,작성일\n괴물,밤편지,최고,{moment}\n")
    assert len(store.all_reviews()) == 1 + added


def test_a_stored_review_matches_one_row(load: Import, store: Store) -> None:
    head = "제목,작성자,내용,작성일\n"
    load(head + "괴물,밤편지,최고,2024-05-01 15:05:09\n")
    result = load(head + "괴물,밤편지,최고,2024-05-01 15:05:10\n괴물,밤편지,최고,2024-05-01\n")
    assert (result.known, result.added and result.added.reviews) == (1, 1)


@pytest.mark.parametrize(("stored", "row", "count"), [
    ("2019-05-30", "2019", 1), ("2019", "2019-05-30", 1), ("2019-05-30", "2019-05", 1), ("2019-05-30", "2018", 2),
    ("", "2019", 1), ("2019-05-30", "미정", 1),
])  # fmt: skip
def test_a_release_year_matches_or_adds_a_movie(load: Import, store: Store, stored: str, row: str, count: int) -> None:
    store.add_movie(MovieFields("Parasite", stored))
    load(f"Name,Year,Review\nParasite,{row},최고\n")
    assert len(store.movies()) == count


@pytest.mark.parametrize(("years", "count"), [(["2019", "1982"], 3), (["", "2019", "1982"], 3), (["", "2019"], 1)])
def test_movies_of_different_years_match_no_common_movie(
    load: Import, store: Store, years: list[str], count: int
) -> None:
    store.add_movie(MovieFields("Parasite"))
    for _ in range(2):
        load("Name,Year,Review\n" + "".join(f"Parasite,{year},최고 {year}\n" for year in years))
        assert len(store.movies()) == count
        assert len(store.all_reviews()) == len(years)


def test_ignored_cells_are_counted(load: Import, store: Store) -> None:
    head = "제목,작성자,내용,작성일,개봉일,감독\n"
    result = load(head + f"괴물,가,최고,언젠가,미정,{'봉' * 101}\n괴물,나,최고,1812-01-01,미정,{'봉' * 101}\n")
    assert result.added and result.added.reviews == 2
    assert result.dropped_counts == {
        ("release_date", "date_unknown"): 2,
        ("director", "string_too_long"): 2,
        ("created_at", "date_unknown"): 2,
    }


def test_a_future_date_is_an_error(load: Import) -> None:
    result = load("제목,작성자,내용,작성일\n괴물,밤편지,최고,2999-01-01\n")
    assert (result.added, [error.type for error in result.bad[0].errors]) == (None, ["day_to_come"])


TABLE = "제목,작성자,내용\n괴물,밤편지,최고\n"
PARTS_OF_MESSAGES = {
    "file_empty": "empty", "columns_missing": "제목 (title)", "columns_twice": "제목, 영화", "file_broken": "damaged",
    "encoding_unknown": "CP949",
}  # fmt: skip


def zipped(**files: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


@pytest.mark.parametrize(("data", "type"), [
    ("", "file_empty"), ("\ufeff \n", "file_empty"), ("제목,글,별점\n괴물,최고,5", "texts_missing"),
    ("글,내용\n괴물,최고", "columns_missing"), ("제목,영화,작성자,내용\n", "columns_twice"),
    (b"\xff\x81\xff,\n", "encoding_unknown"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file_is_image"), (b"\xff\xd8\xff\xe0\x00\x10JFIF", "file_is_image"),
    (b"%PDF-1.7\n", "file_is_pdf"), (b"<!DOCTYPE html><html></html>", "file_is_web_page"),
    (b"\xef\xbb\xbf  <table><tr><td>", "file_is_web_page"), (b'<?xml version="1.0"?><Workbook/>', "file_is_xml"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "workbook_broken"), (b"PK\x03\x04 nothing", "file_broken"),
    (b"\x1f\x8b\x08\x00 nothing", "file_broken"), (gzip.compress(TABLE.encode(), mtime=0)[:-12], "file_broken"),
    (gzip.compress(b"", mtime=0), "file_empty"),
    (gzip.compress(gzip.compress(TABLE.encode(), mtime=0), mtime=0), "file_is_archive"),
    (zipped(**{"a.csv": TABLE, "b.csv": TABLE}), "archive_without_reviews"),
    (zipped(**{"deleted__reviews.csv": TABLE}), "archive_without_reviews"),
    (zipped(**{"photo.jpg": b"\xff\xd8\xff\x00"}), "archive_without_reviews"),
    (zipped(**{"word__document.xml": "<w/>"}), "file_is_document"),
    (b'[{"title": "a", "content": "b"}', "json_broken"), (b'[{"title": "a", "content": "b"}] more', "json_broken"),
    (b'[{"title": "a", "content": "b"}, {"title', "json_broken"), (b"[]", "texts_missing"),
    (b"   \r\n\t", "file_empty"), (b"7z\xbc\xaf\x27\x1c", "file_is_archive"),
])  # fmt: skip
def test_unreadable_files_are_recognized(load: Import, data: bytes | str, type: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        load(data)
    (error,) = caught.value.errors
    assert error.type == type
    assert PARTS_OF_MESSAGES.get(type, "") in error.message


@pytest.mark.parametrize("data", [
    zipped(**{"reviews.csv": TABLE, "ratings.csv": "a,b\n", "deleted__reviews.csv": "x"}),
    zipped(**{"export__reviews.csv": TABLE}), zipped(**{"내 리뷰.csv": TABLE}),
    gzip.compress(TABLE.encode("cp949"), mtime=0),
])  # fmt: skip
def test_archives_are_unpacked(load: Import, store: Store, data: bytes) -> None:
    load(data)
    assert [review.content for review in store.all_reviews()] == ["최고"]


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(**{"reviews.csv": data})])
def test_decompression_bombs_are_refused(
    load: Import, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr("app.services.import_export.file_types.MAX_UNPACKED_SIZE", 3_000_000)
    with pytest.raises(ValidationFailed) as caught:
        load(pack(b"a" * 4_000_000))
    assert [error.type for error in caught.value.errors] == ["unpacked_too_large"]


def test_a_workbook_of_huge_dimensions_is_refused(load: Import) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(CASES / "club.xlsx") as book, zipfile.ZipFile(out, "w") as bomb:
        for name in book.namelist():
            far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
            bomb.writestr(name, book.read(name).replace(b"</sheetData>", far))
    with pytest.raises(ValidationFailed) as caught:
        load(out.getvalue())
    assert [error.type for error in caught.value.errors] == ["workbook_broken"]


def test_relative_dates_count_from_the_files_time(load: Import, store: Store) -> None:
    load(gzip.compress("제목,작성자,내용,작성일\n괴물,밤편지,최고,3일 전\n".encode(), mtime=1_714_800_000))
    assert store.all_reviews()[0].created_at == "2024-04-30T15:00:00Z"
