"""Rate limits per client, and spam protection."""

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
from tests.security.conftest import BEARER, PASSWORD, MakeApp, log_in, post_review
from tests.web.conftest import Visitor, parse_html, text

FEW = {"limit_posts": "3 per hour", "limit_analyses": "30 per hour", "limit_logins": "3 per hour"}
REVIEW = {"movie_id": 1, "author": "밤편지", "content": "최고예요"}
TYPED = {"movie_id": 1, "author": "밤편지", "content": "오래 쓴 글"}
FORMS = [("/movie", {"title": "오래 쓴 글"}), ("/review", TYPED), ("/movie/1/review", TYPED)]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app()


@pytest.fixture
def no_min_fill_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 0)


def assert_rate_limited(answer: Any) -> None:
    assert (answer.status_code, answer.mimetype) == (429, "application/json")
    assert 0 < int(answer.headers["Retry-After"]) <= 3_601
    assert list(answer.get_json()) == ["detail"]


def test_posts_by_json_are_limited(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    poster = app.test_client()
    poster.post("/movies", json={"title": "괴물"})
    post_review(poster, 1, "하나")
    assert poster.post("/reviews", json={}).status_code == 422
    assert_rate_limited(poster.post("/reviews", json=REVIEW))
    assert_rate_limited(poster.post("/movies", json={"title": "벌새"}))
    assert_rate_limited(app.test_client().post("/reviews", json=REVIEW))
    elsewhere = {"environ_base": {"REMOTE_ADDR": "10.0.0.2"}}
    assert poster.post("/reviews", json=REVIEW, **elsewhere).status_code == 201
    assert poster.get("/movies").status_code == 200


@pytest.mark.usefixtures("no_min_fill_time")
def test_posts_by_form_are_limited_and_keep_the_text(make_app: MakeApp, store: Store) -> None:
    visitor = Visitor(make_app(**FEW).test_client())
    visitor.post("/movie", title="괴물")
    for content in ("하나", "둘"):
        assert visitor.post("/review", movie_id=1, author="밤편지", content=content).status_code == 303
    for path, fields in FORMS:
        answer = visitor.post(path, **fields)
        assert_form_kept(answer, "쓴 내용은 그대로 있으니", 429)
        assert int(answer.headers["Retry-After"]) > 0
    assert store.totals().review_count == 2


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "1초"), (59, "59초"), (60, "1분"), (61, "2분"), (3_601, "61분"), (7_201, "3시간")]
)
def test_waits_are_given_in_whole_units(app: Flask, seconds: int, told: str) -> None:
    with app.test_request_context():
        assert format_wait(seconds) == told


def test_analyses_are_limited_by_texts(make_app: MakeApp, analyzer: FakeAnalyzer) -> None:
    reader = make_app(**FEW).test_client()
    assert reader.post("/sentiment", json={"text": "최고"}).status_code == 200
    assert reader.post("/sentiment/batch", json={"texts": ["최고"] * 20}).status_code == 200
    assert_rate_limited(reader.post("/sentiment/batch", json={"texts": ["별로"] * 10}))
    assert "별로" not in analyzer.seen


def test_explanations_count_as_many_texts(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    reader = app.test_client()
    reader.post("/movies", json={"title": "괴물"})
    written = post_review(reader, 1)
    assert reader.get(f"/review/{written}/why").status_code == 200
    page = Visitor(reader).get(f"/review/{written}/why", 429)
    assert re.search(r"\d+(초|분|시간) 뒤에 다시", text(page.select_one(".error-page")))
    assert_rate_limited(reader.post("/sentiment/explain", json={"text": "최고"}))


def test_password_guessing_is_limited_by_form_and_bearer_together(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    guesser = Visitor(app.test_client())
    for _ in range(2):
        assert log_in(guesser, "wrong").status_code == 422
    assert guesser.client.delete("/movies/1", headers={"Authorization": "Bearer wrong"}).status_code == 401
    for password in ("wrong", PASSWORD):
        answer = log_in(guesser, password)
        told = text(parse_html(answer, 429).select_one('main [role="alert"]'))
        assert int(answer.headers["Retry-After"]) > 0
        assert "쓴 내용" not in told and re.search(r"\d+(초|분|시간) 뒤에", told)
    assert_rate_limited(guesser.client.delete("/movies/1", headers=BEARER))
    assert log_in(Visitor(app.test_client())).status_code == 429


def test_the_right_password_is_not_counted(make_app: MakeApp) -> None:
    app = make_app(**FEW)
    for _ in range(5):
        assert log_in(Visitor(app.test_client())).status_code == 303
        assert app.test_client().delete("/movies/1", headers=BEARER).status_code == 404


def test_limits_can_be_switched_off(make_app: MakeApp, movie_id: int) -> None:
    app = make_app(**FEW, ratelimit_enabled=0)
    visitor = Visitor(app.test_client())
    for _ in range(5):
        post_review(visitor.client, movie_id)
        assert visitor.post("/review", **REVIEW, website="x").status_code == 303
        assert log_in(visitor, "wrong").status_code == 422


@pytest.mark.parametrize(("address", "counted"), [
    ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"), ("", "local"), ("nonsense", "nonsense"),
])  # fmt: skip
def test_a_client_is_an_address_or_an_ipv6_network(app: Flask, address: str, counted: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_key() == counted


def test_client_addresses_come_from_trusted_proxies_only(make_app: MakeApp) -> None:
    behind = make_app(**FEW, trusted_proxies=1).test_client()
    for number in range(4):
        forged = {"X-Forwarded-For": f"9.9.9.{number}, 10.0.0.1"}
        answer = behind.post("/movies", json={"title": f"괴물 {number}"}, headers=forged)
    assert_rate_limited(answer)
    assert behind.post("/movies", json={"title": "벌새"}, headers={"X-Forwarded-For": "10.0.0.2"}).status_code == 201
    direct = make_app(**FEW).test_client()
    for number in range(4):
        answer = direct.post("/movies", json={"title": f"{number}"}, headers={"X-Forwarded-For": f"9.9.9.{number}"})
    assert_rate_limited(answer)


def test_limits_work_without_redis(make_app: MakeApp) -> None:
    client = make_app(**FEW, ratelimit_storage_url="redis://127.0.0.1:1/0").test_client()
    for number in range(3):
        assert client.post("/movies", json={"title": f"괴물 {number}"}).status_code == 201
    assert_rate_limited(client.post("/movies", json={"title": "벌새"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit_posts", "often"), ("limit_logins", "3 per fortnight"), ("ratelimit_storage_url", "nosuch://host")],
)
def test_malformed_limits_stop_the_start(make_app: MakeApp, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()):
        make_app(**{name: value})


def assert_form_kept(answer: Any, sentence: str, status: int = 422) -> str:
    """Check that a refused form keeps the typed text; return its next token."""
    page = parse_html(answer, status)
    assert str(sentence) in text(page.select_one('main [role="alert"]'))
    assert "오래 쓴 글" in str(page.select("main form"))
    honeypot = page.select_one('main [name="website"]')
    assert honeypot and not honeypot.get("value")
    token = page.select_one('[name="csrf_token"]')
    assert token
    return str(token["value"])


@pytest.mark.usefixtures("no_min_fill_time")
@pytest.mark.parametrize(("path", "fields"), FORMS)
def test_a_filled_honeypot_is_refused_and_keeps_the_text(
    visitor: Visitor, movie_id: int, path: str, fields: dict[str, Any], store: Store
) -> None:
    token = assert_form_kept(visitor.post(path, website="https://spam.example", **fields), messages.LOOKS_LIKE_BOT)
    assert (store.totals().movie_count, store.totals().review_count) == (1, 0)
    assert visitor.client.post(path, data={**fields, "csrf_token": token, "website": ""}).status_code == 303


def test_a_form_filled_too_fast_is_refused_and_keeps_the_text(
    visitor: Visitor, movie_id: int, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 3_600)
    token = assert_form_kept(visitor.post("/review", **TYPED), messages.LOOKS_LIKE_BOT)
    assert store.totals().review_count == 0
    monkeypatch.setattr(spam_protection, "MIN_FILL_SECONDS", 0)
    assert visitor.client.post("/review", data={**TYPED, "csrf_token": token}).status_code == 303


def test_the_honeypot_is_hidden(visitor: Visitor, movie_id: int) -> None:
    for field in visitor.get("/").select('main [name="website"]'):
        assert (field["tabindex"], field["autocomplete"]) == ("-1", "off")
        assert field.find_parent(attrs={"aria-hidden": "true"})


@pytest.mark.usefixtures("no_min_fill_time")
def test_a_duplicate_review_is_refused(visitor: Visitor, stranger: Visitor, movie_id: int) -> None:
    assert visitor.post("/review", **TYPED).status_code == 303
    assert_form_kept(visitor.post("/review", **TYPED), messages.DUPLICATE_REVIEW, 409)
    assert stranger.client.post("/reviews", json=TYPED).status_code == 409
    assert visitor.post("/review", **{**TYPED, "author": "봄비"}).status_code == 303
    assert visitor.post("/review", **TYPED).status_code == 303


def test_a_failed_post_may_be_repeated(app: Flask, movie_id: int, analyzer: FakeAnalyzer) -> None:
    client = app.test_client()
    analyzer.busy = True
    assert client.post("/reviews", json=REVIEW).status_code == 503
    analyzer.busy = False
    assert client.post("/reviews", json=REVIEW).status_code == 201
    assert client.post("/reviews", json=REVIEW).status_code == 409


def test_duplicates_are_forgotten_after_a_while(app: Flask) -> None:
    spam_protection_of_app: spam_protection.SpamProtection = app.extensions["SpamProtection"]
    assert spam_protection_of_app.record("10.0.0.1", 7, 0.0)
    assert not spam_protection_of_app.record("10.0.0.1", 7, spam_protection.DUPLICATE_SECONDS)
    assert spam_protection_of_app.record("10.0.0.1", 7, 2 * spam_protection.DUPLICATE_SECONDS + 1)
    assert spam_protection_of_app.record("10.0.0.2", 7, 0.0)


def test_open_mode_has_no_spam_protection(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(admin_password="").test_client())
    visitor.post("/movie", title="괴물")
    for _ in range(2):
        assert visitor.post("/review", movie_id=1, author="밤편지", content="최고", website="x").status_code == 303
        post_review(visitor.client, 1)
