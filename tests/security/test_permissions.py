"""Who may do what: the writer of a review, by the browser, and the administrator; nobody for anybody else."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import NotFound
from app.models import Sentiment
from app.security.session import FORMER_COOKIE_NAME, cookie_name
from app.store import Store
from tests.security.conftest import BEARER, MakeApp, write
from tests.web.conftest import Visitor


def delete_by_page(visitor: Visitor, path: str) -> int:
    return visitor.post(f"{path}/delete").status_code


def test_writers_delete_their_own_by_page(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    visitor.post("/review", movie_id=movie_id, author="밤편지", content="최고예요")
    (review,), _ = store.reviews(movie_id)
    assert review.writer
    assert delete_by_page(stranger, f"/review/{review.id}") == 401
    assert delete_by_page(visitor, f"/review/{review.id}") == 303
    with pytest.raises(NotFound):
        store.review(review.id)


def test_writers_delete_their_own_by_json(app: Flask, movie_id: int) -> None:
    writer, other, nobody = app.test_client(), app.test_client(), app.test_client()
    own, others = write(writer, movie_id), write(other, movie_id, "별로예요")
    assert nobody.delete(f"/reviews/{own}").status_code == 401
    assert other.delete(f"/reviews/{own}").status_code == 403
    assert writer.delete(f"/reviews/{others}").status_code == 403
    assert writer.delete(f"/reviews/{own}").status_code == 200
    assert writer.delete(f"/reviews/{own}").status_code == 404


def test_a_writer_without_the_cookie_is_told_where_the_right_lives(
    visitor: Visitor, stranger: Visitor, movie_id: int
) -> None:
    own = write(visitor.client, movie_id)
    for path in (f"/review/{own}/edit", f"/review/{own}/delete"):
        page = stranger.see(path, 401)
        assert "글을 쓴 브라우저에서만" in page.get_text() and page.select_one('a[href^="/login"]')
        write(stranger.client, movie_id)
        assert "글을 쓴 브라우저에서만" in stranger.see(path, 403).get_text()
        stranger.client.delete_cookie(cookie_name("tests"))
    assert "관리자만" in stranger.see(f"/movie/{movie_id}/delete", 401).get_text()


def test_page_and_json_know_the_same_writer(visitor: Visitor, movie_id: int, store: Store) -> None:
    visitor.post("/review", movie_id=movie_id, author="밤편지", content="최고예요")
    write(visitor.client, movie_id)
    first, second = store.reviews(movie_id)[0]
    assert first.writer == second.writer


def test_movies_are_the_administrators_to_delete(visitor: Visitor, admin: Visitor, movie_id: int) -> None:
    visitor.post("/movie", title="괴물")
    assert delete_by_page(visitor, f"/movie/{movie_id + 1}") == 401
    assert visitor.client.delete(f"/movies/{movie_id}").status_code == 401
    assert delete_by_page(admin, f"/movie/{movie_id}") == 303
    assert visitor.client.delete(f"/movies/{movie_id + 1}", headers=BEARER).status_code == 200


def test_administrator_deletes_anybodys_review(app: Flask, admin: Visitor, movie_id: int) -> None:
    assert delete_by_page(admin, f"/review/{write(app.test_client(), movie_id)}") == 303
    assert app.test_client().delete(f"/reviews/{write(app.test_client(), movie_id)}", headers=BEARER).status_code == 200


def test_buttons_are_shown_to_who_may_use_them(
    visitor: Visitor, stranger: Visitor, admin: Visitor, movie_id: int
) -> None:
    own = write(visitor.client, movie_id)
    for who, mine, movie in ((visitor, True, False), (stranger, False, False), (admin, True, True)):
        actions = [button["formaction"] for button in who.see(f"/movie/{movie_id}").select("main [formaction]")]
        assert (f"/review/{own}/delete" in actions) is mine
        assert (f"/movie/{movie_id}/delete" in actions) is movie


def test_reviews_are_changed_by_their_writer_and_movies_by_the_administrator(
    app: Flask, visitor: Visitor, stranger: Visitor, admin: Visitor, movie_id: int
) -> None:
    own = write(visitor.client, movie_id)
    for who, mine, movie in ((stranger, False, False), (visitor, True, False), (admin, True, True)):
        links = [link["href"] for link in who.see(f"/movie/{movie_id}").select("main a")]
        for path, may in ((f"/review/{own}/edit", mine), (f"/movie/{movie_id}/edit", movie)):
            assert (path in links) is may
            assert who.client.get(path).status_code == (200 if may else 401)
            assert who.client.post(path).status_code == (400 if may else 401)
    write(stranger.client, movie_id)
    assert stranger.client.patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 403
    assert app.test_client().patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 401
    assert visitor.client.patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 200
    assert visitor.client.patch(f"/movies/{movie_id}", json={}).status_code == 401
    assert visitor.client.patch(f"/movies/{movie_id}", json={}, headers=BEARER).status_code == 200


def test_mark_is_told_to_nobody(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    own = write(visitor.client, movie_id)
    mark = store.review(own).writer
    for path in (f"/reviews/{movie_id}", f"/movie/{movie_id}", "/", f"/review/{own}/why", "/movies", "/openapi.json"):
        for who in (visitor, stranger):
            assert mark not in who.client.get(path).get_data(as_text=True)


def forge(client: FlaskClient, value: str, name: str = cookie_name("tests")) -> FlaskClient:
    client.set_cookie(name, value)
    return client


def test_forged_cookies_are_nobody(app: Flask, make_app: MakeApp, visitor: Visitor, movie_id: int) -> None:
    own = write(visitor.client, movie_id)
    cookie = visitor.client.get_cookie(cookie_name("tests"))
    assert cookie
    body, time, signature = cookie.value.rsplit(".", 2)
    foreign = make_app(secret_key="another")
    with foreign.test_client() as client:
        with client.session_transaction() as session:
            session["writer"] = session["admin"] = "admin"
        foreign_cookie = client.get_cookie(cookie_name("another"))
    assert foreign_cookie
    for value in (f"{body}.{time}.{signature[::-1]}", f"{body}.{time}.", body, "", "e30.x.y", foreign_cookie.value):
        for name in (cookie_name("tests"), FORMER_COOKIE_NAME):
            assert forge(app.test_client(), value, name).delete(f"/reviews/{own}").status_code == 401
    assert forge(app.test_client(), cookie.value).delete(f"/reviews/{own}").status_code == 200


def test_a_cookie_under_its_former_name_is_kept_under_its_new_one(app: Flask, visitor: Visitor, movie_id: int) -> None:
    own = write(visitor.client, movie_id)
    cookie = visitor.client.get_cookie(cookie_name("tests"))
    assert cookie
    client = forge(app.test_client(), cookie.value, FORMER_COOKIE_NAME)
    assert client.get("/").status_code == 200
    client.delete_cookie(FORMER_COOKIE_NAME)
    assert client.delete(f"/reviews/{own}").status_code == 200


def test_copies_of_the_site_on_one_host_leave_each_others_forms_alone(app: Flask, make_app: MakeApp) -> None:
    other = make_app(secret_key="another", ratelimit_enabled=0)
    one, two = Visitor(app.test_client()), Visitor(other.test_client())
    tokens = []
    for this, that in ((one, two), (two, one)):
        tokens.append(this.token())
        for name in map(cookie_name, ("tests", "another")):  # a browser sends a host's cookies to all its ports
            cookie = this.client.get_cookie(name)
            if cookie:
                that.client.set_cookie(name, cookie.value)
    for visitor, token, title in zip((one, two), tokens, ("벌새", "미나리"), strict=True):
        answer = visitor.client.post("/movie", data={"title": title, "csrf_token": token})
        assert answer.status_code == 303


@pytest.mark.parametrize("value", [None, "", 7, ["x"], {"a": 1}, True])
def test_odd_sessions_are_nobody(app: Flask, movie_id: int, value: object) -> None:
    client = app.test_client()
    own = write(app.test_client(), movie_id)
    with client.session_transaction() as session:
        session["writer"] = session["admin"] = value
    assert client.delete(f"/reviews/{own}").status_code == 401
    assert client.delete(f"/movies/{movie_id}").status_code == 401


def test_reviews_without_a_writer_are_the_administrators(app: Flask, movie_id: int, store: Store) -> None:
    own = write(app.test_client(), movie_id)
    review = store.review(own)
    unmarked = store.add_review(movie_id, "밤편지", "최고", review_sentiment(store, own))
    client = app.test_client()
    assert client.delete(f"/reviews/{unmarked.id}").status_code == 401
    write(client, movie_id)
    assert client.delete(f"/reviews/{unmarked.id}").status_code == 403
    assert review.writer != unmarked.writer == ""


def review_sentiment(store: Store, review_id: int) -> Sentiment:
    review = store.review(review_id)
    return Sentiment(review.sentiment_label, review.sentiment_score, review.rating)


def test_log_knows_who(
    app: Flask, make_app: MakeApp, admin: Visitor, visitor: Visitor, movie_id: int, store: Store
) -> None:
    own = write(visitor.client, movie_id)
    mark = store.review(own).writer
    visitor.client.delete(f"/reviews/{own}")
    delete_by_page(admin, f"/review/{write(visitor.client, movie_id)}")
    make_app(admin_password="").test_client().delete(f"/movies/{movie_id}")
    assert [change.who for change in store.audit_log()[0]] == ["", "admin", mark]
