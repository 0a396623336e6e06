"""The JSON routes."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.fakes import FakeAnalyzer

REVIEW = {"author": "밤편지", "content": "볼수록 따뜻하고 좋아요"}


def add_review(client: FlaskClient, movie_id: int, content: str = REVIEW["content"]) -> Any:
    answer = client.post("/reviews", json={**REVIEW, "movie_id": movie_id, "content": content})
    assert answer.status_code == 201
    return answer.get_json()


def test_add_a_movie(client: FlaskClient) -> None:
    sent = {"title": "괴물", "release_date": "2006-07-27", "director": "봉준호", "genre": "SF"}
    sent["poster_url"] = "https://example.com/a.jpg"
    answer = client.post("/movies", json={**sent, "something": "else"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/movies/1"
    assert answer.get_json() == {"id": 1, **sent, "average_rating": None, "review_count": 0, "positive_count": 0}
    assert client.get("/movies/1").get_json() == answer.get_json()
    assert client.get("/movies").get_json() == [answer.get_json()]
    assert client.get("/reviews/1").get_json() == []
    assert client.get("/movies/1/average_rating").get_json()["average_rating"] is None


def test_adding_an_existing_movie_returns_it(client: FlaskClient, movie_id: int) -> None:
    add_review(client, movie_id)
    sent = {"title": " 리틀포레스트", "release_date": "2018-02-28", "director": "somebody"}
    answer = client.post("/movies", json=sent)
    assert (answer.status_code, answer.headers["Location"]) == (200, f"/movies/{movie_id}")
    assert answer.get_json() == client.get(f"/movies/{movie_id}").get_json()
    assert (answer.get_json()["director"], answer.get_json()["review_count"]) == ("임순례", 1)
    assert client.post("/movies", json={"title": "리틀 포레스트"}).status_code == 201  # another release date


def test_add_a_review(client: FlaskClient, movie_id: int) -> None:
    review = add_review(client, movie_id)
    assert review.pop("created_at").endswith("Z")
    sentiment = {"sentiment_label": "긍정", "sentiment_score": pytest.approx(0.9), "rating": pytest.approx(9.0)}
    more = {"spoiler": False, "like_count": 0, "model": "fake@1", "correction_count": 0}
    assert review == {"id": 1, "movie_id": movie_id, **REVIEW, **sentiment, **more}
    bad = add_review(client, movie_id, "지루해요")
    assert bad["sentiment_label"] == "부정"
    assert [item["id"] for item in client.get(f"/reviews/{movie_id}").get_json()] == [2, 1]
    average = pytest.approx((9 + bad["rating"]) / 2)
    answer = client.get(f"/movies/{movie_id}/average_rating").get_json()
    assert answer == {"movie_id": movie_id, "average_rating": average, "review_count": 2}
    assert client.get(f"/movies/{movie_id}").get_json()["positive_count"] == 1


def test_deleted_records_are_gone(client: FlaskClient, movie_id: int) -> None:
    review = add_review(client, movie_id)
    add_review(client, movie_id)
    assert client.delete(f"/reviews/{review['id']}").get_json() == {"id": review["id"]}
    assert client.delete(f"/reviews/{review['id']}").status_code == 404
    assert client.delete(f"/movies/{movie_id}").get_json() == {"id": movie_id, "reviews_deleted": 1}
    for path in (f"/movies/{movie_id}", f"/reviews/{movie_id}", f"/movies/{movie_id}/average_rating"):
        assert client.get(path).status_code == 404
    assert client.post("/reviews", json={**REVIEW, "movie_id": movie_id}).status_code == 404


def test_sentiments_are_in_order_and_not_stored(client: FlaskClient, movie_id: int) -> None:
    answer = client.post("/sentiment", json={"text": "최고예요"})
    assert answer.status_code == 200
    praise = {"sentiment_label": "긍정", "sentiment_score": pytest.approx(0.85), "rating": pytest.approx(8.5)}
    assert answer.get_json() == praise
    answer = client.post("/sentiment/batch", json={"texts": ["최고예요", "지루해요", "최고예요"]})
    assert [item["sentiment_label"] for item in answer.get_json()] == ["긍정", "부정", "긍정"]
    assert client.post("/sentiment/batch", json={"texts": []}).get_json() == []
    assert client.get(f"/reviews/{movie_id}").get_json() == []


def test_json_has_unescaped_korean(client: FlaskClient, movie_id: int) -> None:
    add_review(client, movie_id)
    for path in ("/movies", f"/reviews/{movie_id}", "/openapi.json"):
        body = client.get(path).get_data()
        assert b"\\u" not in body.replace(b"\\\\u", b"")
        assert any("가" <= char <= "힣" for char in body.decode())
    assert "따뜻" in client.get(f"/reviews/{movie_id}").get_data(as_text=True)


def test_lists_are_filtered_and_paginated(client: FlaskClient, movie_id: int) -> None:
    for n in range(5):
        add_review(client, movie_id, f"{n} 최고" if n % 2 else f"{n} 지루")
    everything = client.get(f"/reviews/{movie_id}")
    assert (everything.headers["X-Total-Count"], everything.headers.get("Link")) == ("5", None)
    page = client.get(f"/reviews/{movie_id}?page=2&per_page=2")
    assert [item["content"] for item in page.get_json()] == ["2 지루", "1 최고"]
    assert page.headers["X-Total-Count"] == "5"
    link = page.headers["Link"]
    assert f'</reviews/{movie_id}?page=1&per_page=2>; rel="prev"' in link
    assert f'</reviews/{movie_id}?page=3&per_page=2>; rel="next"' in link
    good = client.get(f"/reviews/{movie_id}?label=긍정")
    assert [item["content"] for item in good.get_json()] == ["3 최고", "1 최고"]
    assert good.headers["X-Total-Count"] == "2"
    assert client.get("/movies?q=ㄹㅌ&per_page=1").headers["X-Total-Count"] == "1"
    assert client.get("/movies?genre=액션").get_json() == []


def test_docs_load_nothing_from_other_hosts(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)
    assert "http://" not in page and "https://" not in page
    for name in ("swagger_bundle.js", "swagger_style.css"):
        answer = client.get(f"/docs/{name}")
        assert answer.status_code == 200 and len(answer.get_data()) > 100_000
        answer.close()
    assert client.get("/docs/__init__.py").status_code == 404


def test_the_openapi_document_lists_every_json_route(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    operations = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert operations == {
        ("/movies", "get"), ("/movies", "post"), ("/movies/{id}", "get"), ("/movies/{id}", "delete"),
        ("/movies/{id}", "patch"), ("/movies/{id}/average_rating", "get"), ("/reviews", "post"),
        ("/reviews/{id}", "get"), ("/reviews/{id}", "patch"), ("/reviews", "get"), ("/reviews/{id}/like", "post"),
        ("/reviews/{id}", "delete"), ("/reviews/{id}/correction", "post"), ("/reviews/{id}/correction", "delete"),
        ("/sentiment", "post"), ("/sentiment/batch", "post"), ("/sentiment/explain", "post"), ("/healthz", "get"),
        ("/readyz", "get"), ("/metrics", "get"),
    }  # fmt: skip
    assert json.dumps(document).count("#/components/schemas/") > 10
    for name in ("MovieInput", "ReviewInput", "MovieOut", "ReviewOut"):
        assert document["components"]["schemas"][name]["properties"]


def test_lists_show_every_change_at_once(client: FlaskClient, movie_id: int) -> None:
    def look() -> Any:
        return client.get("/movies?sort=newest").get_json()

    assert look() == look()
    review = add_review(client, movie_id)
    assert look()[0]["review_count"] == 1
    client.delete(f"/reviews/{review['id']}")
    assert look()[0]["average_rating"] is None
    client.post("/movies", json={"title": "괴물"})
    assert [movie["title"] for movie in look()] == ["괴물", "리틀 포레스트"]
    assert client.get("/movies?sort=newest&per_page=1").headers["X-Total-Count"] == "2"
    client.delete(f"/movies/{movie_id}")
    assert [movie["title"] for movie in look()] == ["괴물"]


def test_the_list_has_the_same_bytes_as_each_movie(client: FlaskClient, movie_id: int) -> None:
    for content in ("볼수록 따뜻하고 좋아요", "좋아요", "지루"):
        add_review(client, movie_id, content)
    other = client.post("/movies", json={"title": '"괴물" \\ 2'}).get_json()
    each = [client.get(f"/movies/{chosen}").data for chosen in (other["id"], movie_id)]
    assert client.get("/movies?sort=newest").data == b"[" + b",".join(each) + b"]"
    assert "리틀 포레스트".encode() in each[1] and b'"average_rating":null' in each[0]


def test_explanations_have_a_weight_for_each_word(client: FlaskClient) -> None:
    answer = client.post("/sentiment/explain", json={"text": "정말 재미있고 지루"})
    assert answer.status_code == 200
    explanation = answer.get_json()
    plain = client.post("/sentiment", json={"text": "정말 재미있고 지루"}).get_json()
    assert {name: explanation[name] for name in plain} == plain
    words = explanation["words"]
    assert [word["text"] for word in words] == ["정말", "재미있고", "지루"]
    assert [(word["start"], word["end"]) for word in words] == [(0, 2), (3, 7), (8, 10)]
    weights = [word["weight"] for word in words]
    assert weights[1] > weights[0] == 0 > weights[2]
    for word, text in zip(words, (" 재미있고 지루", "정말  지루", "정말 재미있고 "), strict=True):
        assert word["rating_without"] == client.post("/sentiment", json={"text": text}).get_json()["rating"]
    assert explanation["stated_score"] is None


def test_explanations_are_cached(client: FlaskClient, analyzer: FakeAnalyzer) -> None:
    for _ in range(3):
        client.post("/sentiment/explain", json={"text": "최고 좋다"})
    assert analyzer.seen == ["최고 좋다"]
    analyzer.busy = True
    assert client.post("/sentiment/explain", json={"text": "최고 좋다"}).status_code == 200
    busy = client.post("/sentiment/explain", json={"text": "다른 글"})
    assert busy.status_code == 503
    assert busy.headers["Retry-After"] == "2"
