"""Tables in every shape that people have them in."""

import io
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.models import MovieFields
from app.services.import_export import export_reviews, import_file
from app.services.import_export.csv_format import escape_formula, unescape_formula
from app.store import Store, open_store
from tests.fakes import FakeAnalyzer
from tests.services.import_export.conftest import ROWS, Import, reasons, reviews_of


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_is_read_whatever_its_encoding_and_delimiter(
    take: Import, store: Store, encoding: str, delimiter: str
) -> None:
    outcome = take(ROWS.replace(",", delimiter).encode(encoding))
    assert (outcome.bad_count, outcome.added and outcome.added.reviews) == (0, 3)
    assert [movie.title for movie in store.movies()] == ["괴물", "기생충"]
    assert [review.content for review in reviews_of(store)] == ["정말 재미있어요", "지루해요", "최고"]
    assert reviews_of(store)[0].created_at == "2024-04-30T15:00:00Z"


@pytest.mark.parametrize(
    "header",
    [
        "제목,작성자,내용",
        "영화,닉네임,리뷰",
        "영화 제목,글쓴이,리뷰 내용",
        "Title,Author,Content",
        "movie_title,nickname,text",
    ],
)
def test_columns_are_known_by_name(take: Import, store: Store, header: str) -> None:
    take(f"{header}\n괴물,밤편지,최고")
    assert [(review.author, review.content) for review in reviews_of(store)] == [("밤편지", "최고")]


def test_columns_may_come_in_any_order_among_others(take: Import, store: Store) -> None:
    take("번호,내용,장르,조회수,감독,작성자,개봉일,영화\n1,최고,SF,7,봉준호,밤편지,2006. 7. 27.,괴물")
    (movie,) = store.movies()
    assert (movie.title, movie.release_date, movie.director, movie.genre) == ("괴물", "2006-07-27", "봉준호", "SF")


def test_a_quoted_cell_holds_lines_and_quotes(take: Import, store: Store) -> None:
    outcome = take('제목,작성자,내용\r\n괴물,밤편지,"첫 줄\r\n""둘째"", 줄"\r\n괴물,,없음\r\n', skip_bad=True)
    assert reviews_of(store)[0].content == '첫 줄\n"둘째", 줄'
    assert reasons(outcome) == [(3, [("author", "blank")])]  # the spreadsheet's row, not the file's line


def test_excels_hint_of_a_delimiter_is_taken(take: Import, store: Store) -> None:
    take("sep=|\n제목|작성자|내용\n괴물|밤편지|최고\n")
    assert len(reviews_of(store)) == 1


@pytest.mark.parametrize(
    ("content", "type", "told"),
    [
        ("", "file_empty", "empty"),
        ("\ufeff \n", "file_empty", "empty"),
        ("제목,글,별점\n괴물,최고,5", "texts_missing", "내용 (content)"),
        ("제목,글,별점\n괴물,최고,5", "texts_missing", "제목, 글, 별점"),
        ("글,내용\n괴물,최고", "columns_missing", "제목 (title)"),
        ("제목,영화,작성자,내용\n", "columns_twice", "제목, 영화"),
        (b"PK\x03\x04 a workbook", "file_broken", "damaged"),
        (b"\xff\x81\xff,\n", "encoding_unknown", "CP949"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(take: Import, content: str | bytes, type: str, told: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        take(content)
    (error,) = caught.value.errors
    assert error.type == type
    assert told in error.message


def test_every_reason_is_told_with_its_row(take: Import, store: Store) -> None:
    outcome = take(
        "제목,작성자,내용,작성일,개봉일\n"
        "괴물,밤편지,최고,2024-05-01,2006-07-27\n"
        "\n"
        ",밤편지,,어제,2006-07-27\n"
        "괴물\n"
        f"괴물,밤편지,{'가' * 5001},,2006-13-01\n"
    )
    assert reasons(outcome) == [
        (4, [("title", "blank"), ("content", "blank")]),
        (5, [("content", "text_missing")]),
        (6, [("content", "string_too_long")]),
    ]
    assert outcome.added is None
    assert not store.movies()


def test_a_cell_beyond_all_measure_is_one_bad_row(take: Import, store: Store) -> None:
    outcome = take(f"제목,작성자,내용\n괴물,밤편지,{'가' * 200_000}\n괴물,밤편지,최고\n", skip_bad=True)
    assert reasons(outcome) == [(2, [("", "csv_invalid")])]
    assert len(reviews_of(store)) == 1


def test_a_row_without_a_release_date_means_the_only_movie_of_that_title(take: Import, store: Store) -> None:
    monster = store.add_movie(MovieFields("괴물", "2006-07-27")).id
    take("제목,작성자,내용\n 괴 물,밤편지,최고\n")
    assert [movie.id for movie in store.movies()] == [monster]
    store.add_movie(MovieFields("괴물", "2023-11-29"))
    take("제목,작성자,내용\n괴물,심야영화,최고\n")
    assert sorted(movie.release_date for movie in store.movies()) == ["", "2006-07-27", "2023-11-29"]


def test_older_reviews_get_smaller_ids(take: Import, store: Store) -> None:
    take("제목,작성자,내용,작성일\n괴물,가,셋,\n괴물,나,둘,2024-05-02\n괴물,다,하나,2024-05-01\n")
    assert [review.content for review in reviews_of(store)] == ["하나", "둘", "셋"]


def test_an_export_opens_in_a_spreadsheet_and_computes_nothing(take: Import, store: Store) -> None:
    movie = store.add_movie(MovieFields("=괴물", "2006-07-27", "봉준호", "SF"))
    take('제목,작성자,내용,개봉일,작성일\n=괴물,@밤편지,"-1점, ""최악""\n별로",2006-07-27,2024-05-01 12:00\n')
    assert [review.movie_id for review in reviews_of(store)] == [movie.id]
    assert b"".join(export_reviews(store)).decode() == (
        "\ufeff제목,작성자,내용,작성일,개봉일,감독,장르,긍정·부정,확신,평점\r\n"
        '\'=괴물,\'@밤편지,"\'-1점, ""최악""\n별로",2024-05-01 12:00:00,2006-07-27,봉준호,SF,부정,0.9000,1.0000\r\n'
    )


def test_an_exported_table_brings_nothing_new(take: Import, store: Store) -> None:
    take(ROWS)
    table = b"".join(export_reviews(store))
    outcome = take(table)
    assert (outcome.known, outcome.added and outcome.added.reviews) == (3, 0)


@pytest.mark.parametrize("cell", ["=1+1", "+82", "-3점", "@me", "'=1", "''+", "\t1", "＝1", "'quoted'", "plain", ""])
def test_guarding_is_undone(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell
    assert escape_formula(cell)[:1] not in ("=", "+", "-", "@", "\t", "＝")


def test_an_apostrophe_is_taken_off_only_where_an_export_put_it(take: Import, store: Store) -> None:
    take("제목,작성자,내용\n괴물,밤편지,'-3점짜리' 영화\n")
    table = b"".join(export_reviews(store))
    assert "''-3점짜리' 영화".encode() in table
    assert take(table).known == 1
    assert [review.content for review in reviews_of(store)] == ["'-3점짜리' 영화"]


def test_a_quotation_mark_never_closed_takes_no_rows_with_it(take: Import, store: Store) -> None:
    outcome = take('제목,작성자,내용\n괴물,밤편지,최고\n괴물,밤편지,"끝이 없다\n괴물,새벽,별로\n', skip_bad=True)
    assert reasons(outcome) == [(3, [("", "csv_invalid")])]
    assert [review.content for review in reviews_of(store)] == ["최고", "별로"]


def test_rows_within_a_cell_are_rows(take: Import, store: Store) -> None:
    """A quotation mark closed by another row's would make one review of three people's."""
    rows = '괴물,가,"역대 최고\n괴물,나,또 봄\n괴물,다,이건 명작"\n괴물,라,별로\n'
    outcome = take("제목,작성자,내용\n" + rows, skip_bad=True)
    assert reasons(outcome) == [(2, [("", "csv_invalid")])]
    assert [review.author for review in reviews_of(store)] == ["나", "다", "라"]


def test_a_review_of_several_lines_with_commas_is_one(take: Import, store: Store) -> None:
    text = "첫 줄, 쉼표, 둘\n배우,연출,음악 다 좋다\n괴물, 또 보고 싶다"
    outcome = take(f'제목,작성자,내용\n괴물,가,"{text}"\n')
    assert outcome.bad_count == 0
    assert reviews_of(store)[0].content == text


def test_what_lies_beyond_the_last_column_is_a_reason(take: Import, store: Store) -> None:
    """A comma that nobody quoted would cut the review short."""
    outcome = take("제목,작성자,내용\n괴물,밤편지,좋아요, 정말\n괴물,새벽,별로,, \n", skip_bad=True)
    assert reasons(outcome) == [(2, [("", "cells_spilt")])]
    assert [review.content for review in reviews_of(store)] == ["별로"]


def tab_separated(*contents: str) -> str:
    rows = [f"괴물\t{author}\t{content}" for author, content in zip("가나다라마바", contents, strict=False)]
    return "\n".join(["제목\t작성자\t내용", *rows]) + "\n"


@pytest.mark.parametrize(
    "contents",
    [
        ('"역대 최고', "또 보고 싶다", "별로였다", '한강 장면이 "백미"', "지루했다"),
        ('"이건 영화가 아니다" 라는 말이 딱', '"역대 최고', "또 보고 싶다", "별로였다", '"명작" 이라더니', "지루했다"),
        ('"역대 최고', "또 보고 싶다", '별로였다"'),
        ('"역대 최고', "또 보고 싶다"),
        ('"명작"', '"', '""', '""""', 'a"b'),
    ],
    ids=["opened", "opened and closed", "closed two rows below", "never closed", "marks alone"],
)
def test_a_quotation_mark_is_a_letter_in_a_tab_separated_file(
    contents: tuple[str, ...], take: Import, store: Store
) -> None:
    outcome = take(tab_separated(*contents))
    assert outcome.added and (outcome.added.reviews, outcome.bad_count) == (len(contents), 0)
    assert {review.content for review in reviews_of(store)} == set(contents)


def test_a_tab_separated_file_that_quotes_throughout_is_unquoted(take: Import, store: Store) -> None:
    take(tab_separated('"첫 줄\n둘째 줄"', '"""명작"" 이라더니"', "지루했다"))
    assert [review.content for review in reviews_of(store)] == ["첫 줄\n둘째 줄", '"명작" 이라더니', "지루했다"]


@settings(deadline=None)  # the first store of a process takes longer than others
@given(st.lists(st.text('"가 ,', min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_no_row_of_a_tab_separated_file_is_lost(contents: list[str]) -> None:
    with closing(open_store()) as store:
        outcome = import_file(store, FakeAnalyzer(), io.BytesIO(tab_separated(*contents).encode()), skip_bad=True)
    assert outcome.added and outcome.added.reviews + outcome.known + outcome.bad_count == len(contents)
