"""What one client may ask in a while, and what keeps robots from writing."""

import re
from typing import Any

import pytest
from flask import Flask

from app.error_handlers import format_wait
from app.errors import SettingsError
from app.security import spam_protection
from app.security.rate_limits import client_key
from app.store import Store
from app.web import messages
from tests.fakes import FakeAnalyzer
from tests.security.conftest import BEARER, PASSWORD, MakeApp, log_in, write
from tests.web.conftest import Visitor, read, text

FEW = {"limit_posts": "3 per hour", "limit_analyses": "30 per hour", "limit_logins": "3 per hour"}
REVIEW = {"movie_id": 1, "author": "밤편지", "content": "최고예요"}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """A site that counts and times, as it does for users."""
    return make_app()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor who takes time to write."""
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 0)


def refused(answer: Any) -> None:
    assert (answer.status_code, answer.mimetype) == (429, "application/json")
    assert 0 < int(answer.headers["Retry-After"]) <= 3_601
    assert list(answer.get_json()) == ["detail"]


def test_posts_by_json(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    poster = app.test_client()
    poster.post("/movies", json={"title": "괴물"})
    write(poster, 1, "하나")
    assert poster.post("/reviews", json={}).status_code == 422
    refused(poster.post("/reviews", json=REVIEW))
    refused(poster.post("/movies", json={"title": "벌새"}))
    refused(app.test_client().post("/reviews", json=REVIEW))
    elsewhere = {"environ_base": {"REMOTE_ADDR": "10.0.0.2"}}
    assert poster.post("/reviews", json=REVIEW, **elsewhere).status_code == 201
    assert poster.get("/movies").status_code == 200


@pytest.mark.usefixtures("patient")
def test_posts_by_form_keep_what_was_typed(make_app: MakeApp, store: Store) -> None:
    visitor = Visitor(make_app(**FEW).test_client())
    visitor.post("/movie", title="괴물")
    for content in ("하나", "둘"):
        assert visitor.post("/review", movie_id=1, author="밤편지", content=content).status_code == 303
    for path, fields in (
        ("/review", {"movie_id": 1, "author": "밤편지", "content": "오래 쓴 글"}),
        ("/movie/1/review", {"author": "밤편지", "content": "오래 쓴 글"}),
        ("/movie", {"title": "오래 쓴 글"}),
    ):
        answer = visitor.post(path, **fields)
        page = read(answer)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        told = text(page.select_one('main [role="alert"]'))
        assert "쓴 내용은 그대로 있으니" in told and re.search(r"\d+(초|분|시간) 뒤에", told)
        assert "오래 쓴 글" in str(page.select("main form"))
    assert store.totals().review_count == 2


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "1초"), (59, "59초"), (60, "1분"), (61, "2분"), (3_601, "61분"), (7_201, "3시간")]
)
def test_waits_are_told_in_whole_units(app: Flask, seconds: int, told: str) -> None:
    with app.test_request_context():
        assert format_wait(seconds) == told


def test_analyses_count_texts(make_app: MakeApp, analyzer: FakeAnalyzer) -> None:
    reader = make_app(**FEW).test_client()
    assert reader.post("/sentiment", json={"text": "최고"}).status_code == 200
    assert reader.post("/sentiment/batch", json={"texts": ["최고"] * 20}).status_code == 200
    refused(reader.post("/sentiment/batch", json={"texts": ["별로"] * 10}))
    assert "별로" not in analyzer.seen


def test_explanations_count_as_many_texts(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    reader = app.test_client()
    reader.post("/movies", json={"title": "괴물"})
    written = write(reader, 1)
    assert reader.get(f"/review/{written}/why").status_code == 200
    answer = reader.get(f"/review/{written}/why")
    assert (answer.status_code, answer.mimetype) == (429, "text/html")
    assert re.search(r"\d+(초|분|시간) 뒤에 다시", text(read(answer).select_one(".error-page")))
    refused(reader.post("/sentiment/explain", json={"text": "최고"}))


def test_guessing_ends_by_form(make_app: MakeApp) -> None:
    guesser = Visitor(make_app(**FEW).test_client())
    for _ in range(3):
        assert log_in(guesser, "wrong").status_code == 422
    for password in ("wrong", PASSWORD):
        answer = log_in(guesser, password)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        told = text(read(answer).select_one('main [role="alert"]'))
        assert "쓴 내용" not in told and re.search(r"\d+(초|분|시간) 뒤에", told)


def test_guessing_ends_by_bearer_and_for_both_faces(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    guesser = app.test_client()
    for _ in range(3):
        assert guesser.delete("/movies/1", headers={"Authorization": "Bearer wrong"}).status_code == 401
    refused(guesser.delete("/movies/1", headers=BEARER))
    assert log_in(Visitor(app.test_client())).status_code == 429


def test_who_knows_the_password_is_not_counted(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    for _ in range(5):
        assert log_in(Visitor(app.test_client())).status_code == 303
        assert app.test_client().delete("/movies/1", headers=BEARER).status_code == 404


def test_nothing_is_counted_when_told_so(make_app: MakeApp, movie_id: int) -> None:
    app = make_app(**FEW, ratelimit_enabled=0)
    visitor = Visitor(app.test_client())
    for _ in range(5):
        write(visitor.client, movie_id)
        assert (
            visitor.post("/review", movie_id=movie_id, author="밤편지", content="최고예요", website="x").status_code
            == 303
        )
        assert log_in(visitor, "wrong").status_code == 422


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("", "local"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(app: Flask, address: str, counted: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_key() == counted


def test_only_trusted_hops_say_who_asks(make_app: MakeApp) -> None:
    behind = make_app(**FEW, trusted_proxies=1).test_client()
    for number in range(3):
        forged = {"X-Forwarded-For": f"9.9.9.{number}, 10.0.0.1"}
        behind.post("/movies", json={"title": f"괴물 {number}"}, headers=forged)
    refused(behind.post("/movies", json={"title": "벌새"}, headers={"X-Forwarded-For": "8.8.8.8, 10.0.0.1"}))
    assert behind.post("/movies", json={"title": "벌새"}, headers={"X-Forwarded-For": "10.0.0.2"}).status_code == 201
    direct = make_app(**FEW).test_client()
    for number in range(4):
        answer = direct.post("/movies", json={"title": f"{number}"}, headers={"X-Forwarded-For": f"9.9.9.{number}"})
    refused(answer)


def test_a_lost_redis_stops_nothing(make_app: MakeApp) -> None:
    client_key = make_app(**FEW, ratelimit_storage_url="redis://127.0.0.1:1/0").test_client()
    for number in range(3):
        assert client_key.post("/movies", json={"title": f"괴물 {number}"}).status_code == 201
    refused(client_key.post("/movies", json={"title": "벌새"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit_posts", "often"), ("limit_logins", "3 per fortnight"), ("ratelimit_storage_url", "nosuch://host")],
)
def test_limits_that_cannot_be_read_stop_the_start(make_app: MakeApp, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        make_app(**{name: value})


# ---- Robots --------------------------------------------------------------------------------------------------------


def kept(answer: Any, sentence: str, status: int = 422) -> str:
    """What a refused form still holds; the next token."""
    page = read(answer)
    assert answer.status_code == status
    assert str(sentence) in text(page.select_one('main [role="alert"]'))
    assert "오래 쓴 글" in str(page.select("main form"))
    bait = page.select_one('main [name="website"]')
    assert bait and not bait.get("value")
    token = page.select_one('[name="csrf_token"]')
    assert token
    return str(token["value"])


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/movie", {"title": "오래 쓴 글"}),
        ("/review", {"movie_id": 1, "author": "밤편지", "content": "오래 쓴 글"}),
        ("/movie/1/review", {"author": "밤편지", "content": "오래 쓴 글"}),
    ],
)
def test_who_fills_in_the_bait_is_asked_again(
    visitor: Visitor, movie_id: int, path: str, fields: dict[str, Any], store: Store
) -> None:
    token = kept(visitor.post(path, website="https://spam.example", **fields), messages.LIKE_A_ROBOT)
    assert (store.totals().movie_count, store.totals().review_count) == (1, 0)
    assert visitor.client.post(path, data={**fields, "csrf_token": token, "website": ""}).status_code == 303


def test_who_writes_too_fast_is_asked_again(
    visitor: Visitor, movie_id: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = {"author": "밤편지", "content": "오래 쓴 글"}
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 3_600)
    token = kept(visitor.post(f"/movie/{movie_id}/review", **review), messages.LIKE_A_ROBOT)
    assert store.totals().review_count == 0
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 0)
    assert visitor.client.post(f"/movie/{movie_id}/review", data={**review, "csrf_token": token}).status_code == 303


def test_the_bait_is_out_of_sight(visitor: Visitor, movie_id: int) -> None:
    for field in visitor.see("/").select('main [name="website"]'):
        assert (field["tabindex"], field["autocomplete"]) == ("-1", "off")
        assert field.find_parent(attrs={"aria-hidden": "true"})


@pytest.mark.usefixtures("patient")
def test_the_same_text_twice_is_refused_kindly(visitor: Visitor, stranger: Visitor, movie_id: int) -> None:
    review = {"movie_id": movie_id, "author": "밤편지", "content": "오래 쓴 글"}
    assert visitor.post("/review", **review).status_code == 303
    kept(visitor.post("/review", **review), messages.REPEATED, 409)
    assert stranger.client.post("/reviews", json=review).status_code == 409
    assert visitor.post("/review", **{**review, "author": "봄비"}).status_code == 303
    assert visitor.post("/review", **review).status_code == 303


def test_what_could_not_be_read_may_be_sent_again(app: Flask, movie_id: int, analyzer: FakeAnalyzer) -> None:
    client_key = app.test_client()
    analyzer.busy = True
    assert client_key.post("/reviews", json=REVIEW).status_code == 503
    analyzer.busy = False
    assert client_key.post("/reviews", json=REVIEW).status_code == 201
    assert client_key.post("/reviews", json=REVIEW).status_code == 409


def test_a_text_may_come_again_later(app: Flask) -> None:
    traps_of_app: spam_protection.SpamProtection = app.extensions["SpamProtection"]
    assert traps_of_app.record("10.0.0.1", 7, 0.0)
    assert not traps_of_app.record("10.0.0.1", 7, spam_protection.DUPLICATE_SECONDS)
    assert traps_of_app.record("10.0.0.1", 7, 2 * spam_protection.DUPLICATE_SECONDS + 1)
    assert traps_of_app.record("10.0.0.2", 7, 0.0)


def test_open_mode_on_this_machine_has_no_traps(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(admin_password="").test_client())
    visitor.post("/movie", title="괴물")
    for _ in range(2):
        assert visitor.post("/review", movie_id=1, author="밤편지", content="최고", website="x").status_code == 303
        write(visitor.client, 1)
