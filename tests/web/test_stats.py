"""The statistics page."""

from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from tests.web.conftest import AddMovie, AddReview, Visitor, text


def ranking(page: BeautifulSoup, id: str) -> list[str]:
    return [text(link) for link in page.select(f"section[aria-labelledby={id}] li a")]


def test_statistics_of_an_empty_site(visitor: Visitor) -> None:
    page = visitor.get("/stats")
    assert text(page.h1) == "통계" and "모자라요" in text(page.main)


def test_statistics_rank_movies_and_count_reviews(
    visitor: Visitor, add_movie: AddMovie, add_review: AddReview, client: FlaskClient
) -> None:
    loved = add_movie("벌새", release_date="2019-08-29", genre="드라마, 가족")
    split = add_movie("괴물", release_date="2006-07-27", genre="SF")
    for _ in range(3):
        add_review(loved.id, "최고예요")
    for content in ("최고예요", "지루해요", "최고예요", "지루해요"):
        review = add_review(split.id, content)
    client.post(f"/reviews/{review.id}/correction", json={"label": "긍정"})
    page = visitor.get("/stats")
    assert ranking(page, "loved")[0] == "벌새"
    assert ranking(page, "disputed") == ["괴물"]
    assert ranking(page, "reviewed") == ["괴물", "벌새"]
    assert ranking(page, "corrected") == ["괴물"]
    rows = {text(row.th): [text(cell) for cell in row.select("td")] for row in page.select("tbody tr")}
    assert rows["드라마"][0] == rows["가족"][0] == rows["2019"][0] == "3" and rows["SF"][0] == rows["2006"][0] == "4"
    assert rows["2006"][1] == "5.0"
    assert [text(row.td) for row in page.select("section[aria-labelledby=month-title] tbody tr")] == ["7"]
    assert visitor.get("/").select_one('.bottom a[href="/stats"]')
