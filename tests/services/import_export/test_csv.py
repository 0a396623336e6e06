"""Import and export of tables."""

import pytest

from app.models import MovieFields
from app.services.import_export import export_reviews
from app.services.import_export.cells import escape_formula, unescape_formula
from app.store import Store
from tests.services.import_export.conftest import ROWS, Import, reasons


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(load: Import, store: Store, encoding: str, delimiter: str) -> None:
    outcome = load(ROWS.replace(",", delimiter).encode(encoding))
    assert (outcome.bad_count, outcome.added and outcome.added.reviews) == (0, 3)
    assert [movie.title for movie in store.movies()] == ["괴물", "기생충"]
    assert [review.content for review in store.all_reviews()] == ["정말 재미있어요", "지루해요", "최고"]
    assert store.all_reviews()[0].created_at == "2024-04-30T15:00:00Z"


@pytest.mark.parametrize("header", [
    "제목,작성자,내용", "영화,닉네임,리뷰", "영화 제목,글쓴이,리뷰 내용", "Title,Author,Content",
    "movie_title,nickname,text", "영화,name,comment",
])  # fmt: skip
def test_columns_are_matched_by_name(load: Import, store: Store, header: str) -> None:
    load(f"{header}\n괴물,밤편지,최고")
    assert [(review.author, review.content) for review in store.all_reviews()] == [("밤편지", "최고")]
    assert [movie.title for movie in store.movies()] == ["괴물"]


def test_columns_in_any_order_among_others(load: Import, store: Store) -> None:
    load("번호,내용,장르,조회수,감독,작성자,개봉일,영화\n1,최고,SF,7,봉준호,밤편지,2006. 7. 27.,괴물")
    (movie,) = store.movies()
    assert (movie.title, movie.release_date, movie.director, movie.genre) == ("괴물", "2006-07-27", "봉준호", "SF")


def test_quoted_cells_have_lines_and_quotes(load: Import, store: Store) -> None:
    outcome = load('제목,작성자,내용\r\n괴물,밤편지,"첫 줄\r\n""둘째"", 줄"\r\n괴물,,없음\r\n', skip_bad=True)
    assert store.all_reviews()[0].content == '첫 줄\n"둘째", 줄'
    assert reasons(outcome) == [(3, [("author", "blank")])]  # the row of the table, not the line of the file


def test_excels_sep_line(load: Import, store: Store) -> None:
    load("sep=|\n제목|작성자|내용\n괴물|밤편지|최고\n")
    assert len(store.all_reviews()) == 1


def test_errors_have_their_row(load: Import, store: Store) -> None:
    outcome = load(
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


@pytest.mark.parametrize(("cell", "text"), [
    ("a <script> b", "a <script> b"), ("<b>A</b> <script> b <최고>", "A <script> b <최고>"),
    ("<i>a</i><![CDATA[b]]><!c>", "a<![CDATA[b]]><!c>"),
    ("<P CLASS='x>y'>a</P><div>b<br />c</div>&lt;d&gt;", "a\nb\nc\n<d>"),
])  # fmt: skip
def test_html_of_a_cell_becomes_text(load: Import, store: Store, cell: str, text: str) -> None:
    load(f"제목,작성자,내용\n괴물,밤편지,{cell}\n")
    assert [review.content for review in store.all_reviews()] == [text]


def test_a_row_without_a_release_date_matches_the_only_movie_of_its_title(load: Import, store: Store) -> None:
    monster = store.add_movie(MovieFields("괴물", "2006-07-27")).id
    load("제목,작성자,내용\n 괴 물,밤편지,최고\n")
    assert [movie.id for movie in store.movies()] == [monster]
    store.add_movie(MovieFields("괴물", "2023-11-29"))
    load("제목,작성자,내용\n괴물,심야영화,최고\n")
    assert sorted(movie.release_date for movie in store.movies()) == ["", "2006-07-27", "2023-11-29"]


def test_older_reviews_get_smaller_ids(load: Import, store: Store) -> None:
    load("제목,작성자,내용,작성일\n괴물,가,셋,\n괴물,나,둘,2024-05-02\n괴물,다,하나,2024-05-01\n")
    assert [review.content for review in store.all_reviews()] == ["하나", "둘", "셋"]


def test_exported_cells_are_no_formulas(load: Import, store: Store) -> None:
    movie = store.add_movie(MovieFields("=괴물", "2006-07-27", "봉준호", "SF"))
    load('제목,작성자,내용,개봉일,작성일\n=괴물,@밤편지,"-1점, ""최악""\n별로",2006-07-27,2024-05-01 12:00\n')
    assert [review.movie_id for review in store.all_reviews()] == [movie.id]
    assert b"".join(export_reviews(store)).decode() == (
        "\ufeff제목,작성자,내용,작성일,개봉일,감독,장르,긍정·부정,확신,평점,스포일러\r\n"
        '\'=괴물,\'@밤편지,"\'-1점, ""최악""\n별로",2024-05-01 12:00:00,2006-07-27,봉준호,SF,부정,0.9000,1.0000,0\r\n'
    )


YES, NO = ("1", "TRUE", "y", "예", "O", " ○ ", "１"), ("0", "false", "N", "아니요", "X", "", " ")


@pytest.mark.parametrize("heading", ["스포일러", "Spoiler", "스포일러 여부", "is_spoiler"])
def test_a_column_marks_spoilers(load: Import, store: Store, heading: str) -> None:
    rows = [f"괴물,{number},최고 {number},{cell}" for number, cell in enumerate((*YES, *NO, "글쎄"))]
    outcome = load("\n".join([f"제목,작성자,내용,{heading}", *rows]))
    assert outcome.dropped_counts == {("spoiler", "yes_no_unknown"): 1}
    assert [review.spoiler for review in store.all_reviews()] == [True] * len(YES) + [False] * (len(NO) + 1)


def test_a_former_export_is_still_recognized(load: Import, store: Store) -> None:
    header = "제목,작성자,내용,작성일,개봉일,감독,장르,긍정·부정,확신,평점"
    outcome = load(f"{header}\n괴물,밤편지,'=1,,,,,긍정,0.9000,9.0000\n")
    assert not outcome.notes
    assert [(review.content, review.spoiler) for review in store.all_reviews()] == [("=1", False)]


@pytest.mark.parametrize("cell", ["=1+1", "+82", "-3점", "@me", "'=1", "''+", "\t1", "＝1", "'quoted'", "plain", ""])
def test_formula_guards_are_reversible(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell
    assert escape_formula(cell)[:1] not in ("=", "+", "-", "@", "\t", "＝")


def test_only_apostrophes_of_an_export_are_removed(load: Import, store: Store) -> None:
    load("제목,작성자,내용\n괴물,밤편지,'-3점짜리' 영화\n")
    table = b"".join(export_reviews(store))
    assert "''-3점짜리' 영화".encode() in table
    assert load(table).known == 1  # and none is added
    assert [review.content for review in store.all_reviews()] == ["'-3점짜리' 영화"]


@pytest.mark.parametrize(("rows", "bad", "error", "contents"), [
    (f"괴물,밤편지,{'가' * 200_000}\n괴물,밤편지,최고\n", 2, "csv_invalid", ["최고"]),
    ('괴물,밤편지,최고\n괴물,밤편지,"끝이 없다\n괴물,새벽,별로\n', 3, "csv_invalid", ["최고", "별로"]),
    ('괴물,가,"역대 최고\n괴물,나,또 봄\n괴물,다,이건 명작"\n괴물,라,별로\n', 2, "csv_invalid",
     ["또 봄", '이건 명작"', "별로"]),
    ("괴물,밤편지,좋아요, 정말\n괴물,새벽,별로,, \n", 2, "cells_spilt", ["별로"]),
], ids=["a huge cell", "an unclosed mark", "rows inside a quoted cell", "cells beyond the last column"])  # fmt: skip
def test_a_malformed_row_affects_no_others(
    load: Import, store: Store, rows: str, bad: int, error: str, contents: list[str]
) -> None:
    assert reasons(load("제목,작성자,내용\n" + rows, skip_bad=True)) == [(bad, [("", error)])]
    assert [review.content for review in store.all_reviews()] == contents


def test_a_review_of_several_lines_with_commas(load: Import, store: Store) -> None:
    text = "첫 줄, 쉼표, 둘\n배우,연출,음악 다 좋다\n괴물, 또 보고 싶다"
    outcome = load(f'제목,작성자,내용\n괴물,가,"{text}"\n')
    assert outcome.bad_count == 0
    assert store.all_reviews()[0].content == text


def tab_separated(*contents: str) -> str:
    rows = [f"괴물\t{author}\t{content}" for author, content in zip("가나다라마바", contents, strict=False)]
    return "\n".join(["제목\t작성자\t내용", *rows]) + "\n"


@pytest.mark.parametrize(
    "contents",
    [
        ('"이건 영화가 아니다" 라는 말이 딱', '"역대 최고', "또 보고 싶다", "별로였다", '"명작" 이라더니', "지루했다"),
        ('"역대 최고', "또 보고 싶다", '별로였다"'),
        ('"역대 최고', "또 보고 싶다"),
        ('"명작"', '"', '""', '""""', 'a"b'),
    ],
    ids=["opened and closed", "closed two rows below", "never closed", "marks alone"],
)
def test_quotation_marks_are_text_in_tab_separated_files(contents: tuple[str, ...], load: Import, store: Store) -> None:
    outcome = load(tab_separated(*contents))
    assert outcome.added and (outcome.added.reviews, outcome.bad_count) == (len(contents), 0)
    assert {review.content for review in store.all_reviews()} == set(contents)


def test_tab_separated_files_with_quotes_throughout(load: Import, store: Store) -> None:
    load(tab_separated('"첫 줄\n둘째 줄"', '"""명작"" 이라더니"', "지루했다"))
    assert [review.content for review in store.all_reviews()] == ["첫 줄\n둘째 줄", '"명작" 이라더니', "지루했다"]
