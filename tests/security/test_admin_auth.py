"""The administrator's password and sessions."""

import pytest
from flask import Flask

from app.security.identity import SESSION_HOURS, AdminAuth
from app.security.session import FORMER_COOKIE_NAME, cookie_name
from app.web import messages
from app.web.admin import safe_next_path
from tests.security.conftest import BEARER, PASSWORD, MakeApp, log_in
from tests.web.conftest import Visitor, parse_html, text


def test_login_and_logout(visitor: Visitor, movie_id: int) -> None:
    assert visitor.client.get(f"/movie/{movie_id}/delete").status_code == 401
    assert log_in(visitor).headers["Location"] == "/"
    assert str(messages.LOGGED_IN) in text(visitor.get("/").select_one(".notice"))
    assert visitor.client.get(f"/movie/{movie_id}/delete").status_code == 200
    assert visitor.post("/logout", "/login").status_code == 303
    assert visitor.client.get(f"/movie/{movie_id}/delete").status_code == 401


@pytest.mark.parametrize("password", ["", " ", PASSWORD + " ", PASSWORD[:-1], "\x00", "열" * 5_000, "' OR 1=1 --"])
def test_a_wrong_password_is_an_error_and_not_shown_again(visitor: Visitor, password: str) -> None:
    page = parse_html(log_in(visitor, password), 422)
    assert text(page.select_one("#password-error")) == "비밀번호가 달라요. 다시 적어 주세요."
    assert not page.select(".alert"), "one field needs no count of what is wrong"
    field = page.select_one("#password")
    assert field and not field.get("value")


def test_passwords_are_compared_normalized() -> None:
    decomposed = "\u1109\u1175"
    assert AdminAuth("시").check_password(decomposed)
    assert not AdminAuth("").check_password("")


def test_login_needs_a_csrf_token(visitor: Visitor, app: Flask) -> None:
    for token in ("", "forged", Visitor(app.test_client()).token("/login")):
        answer = visitor.client.post("/login", data={"password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 400
    assert visitor.client.get("/movie/1/delete").status_code == 401


def test_pages_show_that_the_administrator_is_logged_in(
    admin: Visitor, visitor: Visitor, make_app: MakeApp, movie_id: int
) -> None:
    nobody = Visitor(make_app(admin_password="").test_client())
    for path in ("/", f"/movie/{movie_id}", "/model"):
        assert admin.get(path).select_one('.top a.is-admin[href="/login"]')
        assert not visitor.get(path).select(".is-admin") and not nobody.get(path).select(".is-admin")


def test_session_is_new_after_login(visitor: Visitor) -> None:
    token = visitor.token("/login")
    before = visitor.cookie()
    assert log_in(visitor).status_code == 303
    assert visitor.cookie() != before
    assert visitor.token("/login") != token
    assert visitor.client.post("/logout", data={"csrf_token": token}).status_code == 400


def test_a_copied_cookie_is_invalid_after_logout(admin: Visitor, app: Flask, movie_id: int) -> None:
    stolen = admin.cookie()
    assert admin.post("/logout", "/login").status_code == 303
    thief = app.test_client()
    thief.set_cookie(cookie_name("tests"), stolen)
    assert thief.get(f"/movie/{movie_id}/delete").status_code == 401
    assert thief.delete(f"/movies/{movie_id}").status_code == 401


def test_a_cookie_of_another_key_or_process_is_invalid(admin: Visitor, make_app: MakeApp, movie_id: int) -> None:
    for other in (make_app(secret_key="another"), make_app()):
        thief = other.test_client()
        for name in (other.config["SESSION_COOKIE_NAME"], FORMER_COOKIE_NAME):
            thief.set_cookie(name, admin.cookie())
        assert thief.delete(f"/movies/{movie_id}").status_code == 401


def test_sessions_expire() -> None:
    clock = [0.0]
    administrator = AdminAuth(PASSWORD, lambda: clock[0])
    session = administrator.create_session()
    clock[0] = SESSION_HOURS * 3_600 - 1
    assert administrator.has_session(session)
    clock[0] += 2
    assert not administrator.has_session(session)
    assert not administrator.has_session("")


def test_session_cookies_are_httponly_samesite_and_secure(app: Flask) -> None:
    for base, secure in (("http://localhost", False), ("https://localhost", True)):
        client = app.test_client()
        header = client.get("/login", base_url=base).headers["Set-Cookie"]
        assert "HttpOnly" in header
        assert "SameSite=Lax" in header
        assert ("Secure" in header) is secure


def test_json_responses_set_no_cookie(admin: Visitor, movie_id: int) -> None:
    for path in ("/movies", f"/movies/{movie_id}", f"/reviews/{movie_id}", "/healthz", "/openapi.json"):
        assert "Set-Cookie" not in admin.client.get(path).headers


@pytest.mark.parametrize(("path", "kept"), [
    ("/movie/7/delete", True), ("/?q=가&sort=title", True), ("", False), ("//evil.example", False),
    ("/\\evil.example", False), ("https://evil.example/", False), ("javascript:alert(1)", False),
    ("/a\r\nSet-Cookie: x=1", False), ("/\t/evil.example", False), ("movie/7", False),
    ("http:///evil.example", False), ("/%5cevil.example", True),
])  # fmt: skip
def test_login_redirects_to_this_site_only(app: Flask, visitor: Visitor, path: str, kept: bool) -> None:
    with app.test_request_context():
        assert safe_next_path(path) == (path if kept else "/")
    answer = log_in(visitor, next=path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/")
    assert not answer.headers["Location"].startswith("//")


def test_a_refused_page_links_to_the_login_and_back(visitor: Visitor, movie_id: int) -> None:
    page = visitor.get(f"/movie/{movie_id}/delete", 401)
    link = page.select_one('main a[href^="/login"]')
    assert link
    form = visitor.get(str(link["href"])).select_one('main input[name="next"]')
    assert form and form["value"] == f"/movie/{movie_id}/delete"
    assert log_in(visitor, next=str(form["value"])).headers["Location"] == f"/movie/{movie_id}/delete"


def test_bearer_password_on_json(app: Flask, movie_id: int) -> None:
    client = app.test_client()
    basic = "Basic " + PASSWORD.encode().hex()
    for header in ("Bearer", "Bearer ", "Bearer wrong", basic, "Bearer a=b", "Bearer \xff\xfe"):
        answer = client.delete(f"/movies/{movie_id}", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert list(answer.get_json()) == ["detail"]
    answer = client.get(f"/movie/{movie_id}/delete", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert client.delete(f"/movies/{movie_id}", headers=BEARER).status_code == 200
    assert "Set-Cookie" not in client.get("/movies", headers=BEARER).headers


def test_open_mode_has_no_login(make_app: MakeApp) -> None:
    visitor = Visitor(make_app(admin_password="").test_client())
    page = visitor.get("/login")
    assert not page.select_one("main form")
    token = visitor.token("/")
    for password in ("", "x"):
        answer = visitor.client.post("/login", data={"csrf_token": token, "password": password})
        assert answer.status_code == 422
