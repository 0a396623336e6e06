"""Filters of templates, charts, posters, highlights and page links."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.errors import FieldError
from app.models import Page, WordWeight
from app.web import charts, explanations, messages, posters, rendering

NOW = datetime(2026, 11, 22, 15, 32, tzinfo=UTC)  # 00:32 of the 23rd in Korea


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-22T15:31:30Z", "방금 전"),
        ("2026-11-22T15:40:00Z", "방금 전"),  # in the future
        ("2026-11-22T15:29:00Z", "3분 전"),
        ("2026-11-22T15:00:00Z", "32분 전"),
        ("2026-11-22T14:00:00Z", "어제"),
        ("2026-11-21T14:00:00Z", "2일 전"),
        ("2026-11-03T03:00:00Z", "11월 3일"),
        ("2025-11-03T03:00:00Z", "2025년 11월 3일"),
    ],
)
def test_ages_are_formatted(app: Flask, moment: str, words: str) -> None:
    with app.test_request_context():
        assert rendering.format_age(moment, NOW) == words


def test_age_counts_hours_within_a_korean_day() -> None:
    assert rendering.format_age("2026-11-22T01:00:00Z", datetime(2026, 11, 22, 14, tzinfo=UTC)) == "13시간 전"


@pytest.mark.parametrize(("language", "shown"), [("ko", "2026년 11월 23일 00:32"), ("en", "23 Nov 2026 00:32")])
def test_times_are_in_korean_time(app: Flask, language: str, shown: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert rendering.format_time("2026-11-22T15:32:00Z") == shown


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("rating", 0.0, "0.0"),
        ("rating", 10.0, "10.0"),
        ("share", 0.0, "0%"),
        ("share", 0.001, "1%"),
        ("share", 0.5, "50%"),
        ("share", 0.57, "57%"),
        ("share", 0.796, "80%"),
        ("share", 0.999, "99%"),
        ("share", 1.0, "100%"),
        ("count", 4312, "4,312"),
    ],
)
def test_numbers_are_formatted(name: str, number: float, shown: str) -> None:
    assert rendering.FILTERS[name](number) == shown


@pytest.mark.parametrize("content", ["최고", "가" * 5000, "가 " * 2500, "\n".join("가" * 30), "가\n" * 400 + "끝"])
def test_an_excerpt_and_its_rest_are_the_text(content: str) -> None:
    head, rest = rendering.excerpt(content)
    assert "".join((head + rest).split()) == "".join(content.split())
    assert len(head) <= 500 and head.count("\n") <= 10
    assert bool(rest) == (len(content) > 500 or content.count("\n") > 10)


def test_unknown_error_types_have_a_message() -> None:
    assert messages.error_message(FieldError("title", "new_rule", "broken")).endswith("요.")
    assert messages.error_message(FieldError("new_field", "blank", "broken")).endswith("요.")


def test_posters_are_drawn_by_title() -> None:
    assert posters.poster_for("벌새") == posters.poster_for(" 벌새 ")
    drawn = {(posters.poster_for(f"영화 {i}").tone, posters.poster_for(f"영화 {i}").paths) for i in range(100)}
    assert len(drawn) == 100
    assert {posters.poster_for(f"영화 {i}").tone for i in range(300)} == set(range(posters.TONES))


@pytest.mark.parametrize("title", ["", "괴물", "가" * 200, "<script>", "🍿", "فيلم", *(f"영화 {i}" for i in range(60))])
def test_posters_are_valid_svg(title: str) -> None:
    drawing = posters.poster_for(title)
    root = ElementTree.fromstring(f"<svg>{drawing.paths}</svg>")  # noqa: S314  # our own
    assert len(root) >= 3
    assert {path.get("class") for path in root} <= {"poster-color-1", "poster-color-2", "poster-color-3"}
    assert drawing.size in ("l", "m", "s", "xs")


def test_histogram_bars(app: Flask) -> None:
    with app.test_request_context():
        histogram = app.jinja_env.get_template("_sentiment.html").module.histogram
        chart = BeautifulSoup(histogram([(0, 1), (0, 0), (50, 150)]), "html.parser")
        full = BeautifulSoup(histogram([(1, 1)] * 10), "html.parser")
        empty = BeautifulSoup(histogram([(0, 0)] * 10), "html.parser")
    assert [title.get_text() for title in chart.select("title")] == ["0~1점 1개", "1~2점 0개", "2~3점 200개"]
    assert [(bar["x"], bar["y"], bar["height"]) for bar in chart.select("rect")] == [
        ("1.5", "107.0", "3.0"), ("61.5", "10.0", "100.0"),
    ]  # fmt: skip
    assert [bar["class"] for bar in full.select("rect")] == [["negative"]] * 5 + [["positive"]] * 5
    assert len(empty.select("title")) == 10 and not empty.select("rect")


def test_the_trend_is_a_moving_average_from_old_to_new() -> None:
    assert charts.trend([5.0] * 9) is None
    trend = charts.trend([10.0] * 5 + [0.0] * 6)
    assert trend and trend.count == 11
    assert len(trend.points) == 7, "the first point is the mean of the first five"
    assert trend.points[0] == (24, 98) and trend.points[-1] == (294, 8)
    assert (trend.means[0], trend.means[-1]) == (0, 10)
    assert [rating for rating, _ in trend.grid] == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("rating", "lines"), [(0.0, [0, 2, 4]), (5.0, [4, 6, 8]), (7.9, [6, 8, 10]), (10.0, [6, 8, 10])]
)
def test_the_trends_axis_fits_its_values(rating: float, lines: list[int]) -> None:
    trend = charts.trend([rating] * 10)
    assert trend and [line for line, _ in trend.grid] == lines
    assert trend.grid[0][1] == 98 and trend.grid[-1][1] == 8
    assert 8 <= trend.points[-1][1] <= 98


def test_highlights_cover_the_text_and_words_above_the_threshold() -> None:
    weights = [("가", 1, 0.29), ("나", 3, -0.3), ("다", 5, 0.8), ("라", 7, -2.0)]
    marks = explanations.highlight(
        " 가 나 다 라!", [WordWeight(word, at, at + 1, weight) for word, at, weight in weights]
    )
    assert "".join(mark.text for mark in marks) == " 가 나 다 라!"
    assert [(mark.text, mark.mood, mark.strength) for mark in marks if mark.mood] == [
        ("나", "negative", 1), ("다", "positive", 3), ("라", "negative", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "total", "shown"),
    [
        (10, 1_000, ["/9", "/1", "…", "/8", "/9", "(/10)", "/11", "/12", "…", "/20", "/11"]),
        (1, 150, ["(/1)", "/2", "/3", "/2"]),
        (1, 30, []),
        (9, 100, ["/2", "/1", "/2"]),  # past the end
    ],
)
def test_page_links_have_gaps(app: Flask, number: int, total: int, shown: list[str]) -> None:
    with app.test_request_context():
        macro = app.jinja_env.get_template("_pagination.html").module.pagination
        page = BeautifulSoup(macro(Page([], total, number, 50), "/{}".format, "쪽"), "html.parser")
    links = [
        f"({link['href']})" if link.get("aria-current") else link.get("href", "…") for link in page.select("a, .gap")
    ]
    assert links == shown


def test_poster_has_the_colours_of_the_stylesheet(app: Flask) -> None:
    with app.app_context():
        pictures = [posters.png(f"영화 {number}") for number in range(60)]
        colors = posters.tone_colors()
    assert len(set(pictures)) == 60
    assert len(colors) == posters.TONES
    assert all(tone.keys() == {"sky", "ground", "a", "b", "c"} for tone in colors)
