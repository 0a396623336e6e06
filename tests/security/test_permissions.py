"""Permissions: of a review's writer, known by a cookie, and of the administrator."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.errors import NotFound
from app.models import Label, Sentiment
from app.security.session import FORMER_COOKIE_NAME, cookie_name
from app.store import Store
from tests.security.conftest import BEARER, MakeApp, post_review
from tests.web.conftest import Visitor, wait


def delete_by_page(visitor: Visitor, path: str) -> int:
    return visitor.post(f"{path}/delete").status_code


def test_writers_delete_their_reviews_by_page(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    visitor.post("/review", movie_id=movie_id, author="밤편지", content="최고예요")
    (review,), _ = store.reviews(movie_id)
    assert review.writer
    assert delete_by_page(stranger, f"/review/{review.id}") == 401
    assert store.review(post_review(visitor.client, movie_id)).writer == review.writer  # JSON uses the same token
    assert delete_by_page(visitor, f"/review/{review.id}") == 303
    with pytest.raises(NotFound):
        store.review(review.id)


def test_writers_delete_their_reviews_by_json(app: Flask, movie_id: int, store: Store) -> None:
    writer, other, nobody = app.test_client(), app.test_client(), app.test_client()
    own, others = (post_review(client, movie_id, author="admin") for client in (writer, other))
    unowned = store.add_review(movie_id, "밤편지", "최고", Sentiment(Label.POSITIVE, 0.9, 9.0)).id
    for client, review_id, status in (
        (nobody, own, 401), (nobody, unowned, 401), (other, own, 403), (writer, others, 403), (writer, unowned, 403),
        (writer, own, 200), (writer, own, 404),
    ):  # fmt: skip
        assert client.delete(f"/reviews/{review_id}").status_code == status


def test_refusals_explain_who_may_edit(visitor: Visitor, stranger: Visitor, movie_id: int) -> None:
    own = post_review(visitor.client, movie_id)
    for path in (f"/review/{own}/edit", f"/review/{own}/delete"):
        page = stranger.get(path, 401)
        assert "글을 쓴 브라우저에서만" in page.get_text() and page.select_one('a[href^="/login"]')
        post_review(stranger.client, movie_id)
        assert "글을 쓴 브라우저에서만" in stranger.get(path, 403).get_text()
        stranger.client.delete_cookie(cookie_name("tests"))
    assert "관리자만" in stranger.get(f"/movie/{movie_id}/delete", 401).get_text()


def test_only_an_administrator_deletes_movies_and_all_reviews(visitor: Visitor, admin: Visitor, movie_id: int) -> None:
    visitor.post("/movie", title="괴물")
    assert delete_by_page(visitor, f"/movie/{movie_id + 1}") == 401
    assert visitor.client.delete(f"/movies/{movie_id}").status_code == 401
    first, second = (post_review(visitor.client, movie_id, content) for content in ("하나", "둘"))
    assert delete_by_page(admin, f"/review/{first}") == 303
    assert visitor.client.delete(f"/reviews/{second}", headers=BEARER).status_code == 200
    assert delete_by_page(admin, f"/movie/{movie_id}") == 303
    assert visitor.client.delete(f"/movies/{movie_id + 1}", headers=BEARER).status_code == 200


def test_writers_edit_their_reviews_and_the_administrator_everything(
    app: Flask, visitor: Visitor, stranger: Visitor, admin: Visitor, movie_id: int
) -> None:
    own = post_review(visitor.client, movie_id)
    for who, mine, movie in ((stranger, False, False), (visitor, True, False), (admin, True, True)):
        page = who.get(f"/movie/{movie_id}")
        links = [link["href"] for link in page.select("main a")]
        actions = [button["formaction"] for button in page.select("main [formaction]")]
        assert (f"/review/{own}/delete" in actions, f"/movie/{movie_id}/delete" in actions) == (mine, movie)
        for path, may in ((f"/review/{own}/edit", mine), (f"/movie/{movie_id}/edit", movie)):
            assert (path in links) is may
            assert who.client.get(path).status_code == (200 if may else 401)
            assert who.client.post(path).status_code == (400 if may else 401)
    post_review(stranger.client, movie_id)
    assert stranger.client.patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 403
    assert app.test_client().patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 401
    assert visitor.client.patch(f"/reviews/{own}", json={"content": "별로"}).status_code == 200
    assert visitor.client.patch(f"/movies/{movie_id}", json={}).status_code == 401
    assert visitor.client.patch(f"/movies/{movie_id}", json={}, headers=BEARER).status_code == 200


def test_the_owner_of_a_movie_edits_it_until_others_have_reviewed_it(
    visitor: Visitor, stranger: Visitor, admin: Visitor, store: Store
) -> None:
    page = visitor.post("/movie", title="괴믈").headers["Location"]
    edit, json_path = f"{page}/edit", page.replace("/movie/", "/movies/")

    def may_edit(who: Visitor) -> bool:
        is_linked = bool(who.get(page).select_one(f'main a[href="{edit}"]'))
        assert is_linked == (who.client.get(edit).status_code == 200)
        assert is_linked == (who.client.patch(json_path, json={}).status_code == 200)
        return is_linked

    assert "이 브라우저에서 등록한 영화" in visitor.get(page).get_text()
    assert "이 브라우저에서 등록한 영화" not in admin.get(page).get_text()
    assert [may_edit(who) for who in (visitor, stranger, admin)] == [True, False, True]
    assert visitor.post(edit, edit, title="괴물").status_code == 303
    movie = store.movie(int(page.split("/")[-1]))
    assert (movie.title, store.audit_log()[0][0].who) == ("괴물", movie.owner)
    post_review(visitor.client, movie.id)
    assert may_edit(visitor)
    others = post_review(stranger.client, movie.id)
    assert [may_edit(who) for who in (visitor, stranger, admin)] == [False, False, True]
    assert "다른 사람이 리뷰를 남긴" in visitor.get(edit, 403).get_text()
    assert "다른 사람이" not in stranger.get(edit, 401).get_text()
    assert visitor.client.patch(json_path, json={"title": "또"}).status_code == 403
    stranger.client.delete(f"/reviews/{others}")
    assert may_edit(visitor)


def test_a_movie_added_by_json_belongs_to_the_client(app: Flask, store: Store) -> None:
    client = app.test_client()
    movie_id = client.post("/movies", json={"title": "괴물"}).get_json()["id"]
    assert client.patch(f"/movies/{movie_id}", json={"director": "봉준호"}).get_json()["director"] == "봉준호"
    assert app.test_client().patch(f"/movies/{movie_id}", json={}).status_code == 401
    assert store.movie(movie_id).owner not in client.get("/movies").get_data(as_text=True)


def test_reviews_under_a_claimed_nickname_are_the_owners_too(visitor: Visitor, store: Store) -> None:
    page = visitor.post("/movie", title="괴물").headers["Location"]
    written = {"author": "밤편지", "content": "최고예요", "passphrase": "아주 긴 암호예요"}
    assert visitor.post(f"{page}/review", page, **written).status_code == 303
    assert visitor.get(page).select_one(f'main a[href="{page}/edit"]')


def test_only_an_administrator_merges_movies(visitor: Visitor, stranger: Visitor, admin: Visitor, store: Store) -> None:
    first = visitor.post("/movie", title="괴물").headers["Location"]
    second = visitor.post("/movie", title="괴믈").headers["Location"]
    data = {"movie_id": second.split("/")[-1]}
    for who in (visitor, stranger):
        assert who.client.get(f"{first}/merge").status_code == 401
        assert who.post(f"{first}/merge", **data).status_code == 401
    assert not visitor.get(f"{first}/edit").select('form[action$="/merge"]')
    assert admin.get(f"{first}/edit").select('form[action$="/merge"]')
    assert store.totals().movie_count == 2
    assert admin.post(f"{first}/merge", **data).status_code == 303
    assert visitor.client.post(f"/undo/{store.audit_log()[0][0].id}").status_code == 403
    assert store.totals().movie_count == 1


def test_writer_tokens_are_not_published(visitor: Visitor, stranger: Visitor, movie_id: int, store: Store) -> None:
    own = post_review(visitor.client, movie_id)
    writer = store.review(own).writer
    for path in (f"/reviews/{movie_id}", f"/movie/{movie_id}", "/", f"/review/{own}/why", "/movies", "/openapi.json"):
        for who in (visitor, stranger):
            assert writer not in who.client.get(path).get_data(as_text=True)


def with_cookie(app: Flask, value: str, name: str = cookie_name("tests")) -> FlaskClient:
    client = app.test_client()
    client.set_cookie(name, value)
    return client


def test_forged_cookies_give_no_rights(app: Flask, make_app: MakeApp, visitor: Visitor, movie_id: int) -> None:
    own = post_review(visitor.client, movie_id)
    cookie = visitor.cookie()
    body, _, signature = cookie.rsplit(".", 2)
    with make_app(secret_key="another").test_client() as client:
        with client.session_transaction() as session:
            session["writer"] = session["admin"] = "admin"
        foreign = Visitor(client).cookie(cookie_name("another"))
    unsigned = cookie.removesuffix(signature)
    for value in (unsigned + signature[::-1], unsigned, body, "", "e30.x.y", foreign):
        for name in (cookie_name("tests"), FORMER_COOKIE_NAME):
            assert with_cookie(app, value, name).delete(f"/reviews/{own}").status_code == 401
    client = with_cookie(app, cookie, FORMER_COOKIE_NAME)
    assert client.get("/").status_code == 200
    client.delete_cookie(FORMER_COOKIE_NAME)  # it has been renamed
    assert client.delete(f"/reviews/{own}").status_code == 200


def test_processes_with_the_same_secret_key_accept_each_others_forms(visitor: Visitor, make_app: MakeApp) -> None:
    token = visitor.token()
    other = with_cookie(make_app(ratelimit_enabled=0), visitor.cookie())
    assert other.post("/movie", data={"title": "괴물", "csrf_token": token}).status_code == 303


def test_two_sites_on_one_host_have_separate_cookies(app: Flask, make_app: MakeApp) -> None:
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
def test_malformed_sessions_give_no_rights(app: Flask, movie_id: int, value: object) -> None:
    client = app.test_client()
    own = post_review(app.test_client(), movie_id)
    with client.session_transaction() as session:
        session["writer"] = session["admin"] = value
    assert client.delete(f"/reviews/{own}").status_code == 401
    assert client.delete(f"/movies/{movie_id}").status_code == 401


def test_the_audit_log_has_the_actor(
    app: Flask, make_app: MakeApp, admin: Visitor, visitor: Visitor, movie_id: int, store: Store
) -> None:
    own = post_review(visitor.client, movie_id)
    writer = store.review(own).writer
    visitor.client.delete(f"/reviews/{own}")
    delete_by_page(admin, f"/review/{post_review(visitor.client, movie_id)}")
    make_app(admin_password="").test_client().delete(f"/movies/{movie_id}")
    table = (io.BytesIO("제목,작성자,내용\n괴물,밤편지,최고\n".encode()), "a.csv")
    assert admin.post("/admin/data/import", "/admin/data", file=table).status_code == 303
    wait(app)
    assert [change.who for change in store.audit_log()[0]] == ["admin", "", "admin", writer]
