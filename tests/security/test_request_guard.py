"""Open mode on loopback only; checks of Host, Origin and Sec-Fetch-Site."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.errors import SettingsError
from app.settings import Settings, check_start, is_loopback
from tests.security.conftest import BEARER, MakeApp

LOCAL = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "localhost"]
ELSEWHERE = ["0.0.0.0", "::", "192.168.0.2", "::ffff:10.0.0.1", "film.example", "/run/site.sock", "", "fe80::1%eth0"]  # noqa: S104


@pytest.mark.parametrize("address", LOCAL)
def test_open_mode_starts_on_loopback(address: str) -> None:
    assert is_loopback(address)
    check_start(Settings(), [address, "127.0.0.1"])


@pytest.mark.parametrize("address", ELSEWHERE)
def test_open_mode_elsewhere_needs_the_setting(address: str) -> None:
    assert not is_loopback(address)
    with pytest.raises(SettingsError, match="ADMIN_PASSWORD"):
        check_start(Settings(), ["127.0.0.1", address])
    check_start(Settings(open_mode=1), [address])
    check_start(Settings(admin_password="열려라"), [address])


def test_open_mode_refuses_a_proxy() -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        check_start(Settings(trusted_proxies=1), ["127.0.0.1"])


def open_client(make_app: MakeApp, **settings: object) -> FlaskClient:
    return make_app(admin_password="", **settings).test_client()


@pytest.mark.parametrize("path", ["/", "/movies", "/static/style.css", "/nothing"])
def test_open_mode_refuses_other_addresses(make_app: MakeApp, path: str) -> None:
    client = open_client(make_app)
    assert client.get(path, environ_base={"REMOTE_ADDR": "192.168.0.7"}).status_code == 403
    assert client.get(path, environ_base={"REMOTE_ADDR": ""}).status_code == 403
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert client.get(path, headers={header: "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "film.localhost"])
def test_open_mode_answers_to_loopback_names(make_app: MakeApp, host: str) -> None:
    assert open_client(make_app).get("/movies", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", [
    "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.2", "localhost@evil.example",
    "%00",
])  # fmt: skip
def test_open_mode_refuses_other_host_names(make_app: MakeApp, host: str) -> None:
    client = open_client(make_app)
    answer = client.get("/movies", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert client.get("/", headers={"Host": host}).mimetype == "text/html"
    assert client.post("/movies", json={"title": "x"}, headers={"Host": host}).status_code == 400
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_only_trusted_hosts_are_served(make_app: MakeApp) -> None:
    client = make_app(trusted_hosts="film.example, .club.example").test_client()
    for host, status in {
        "film.example": 200,
        "film.example:8443": 200,
        "a.club.example": 200,
        "club.example": 200,
        "a.film.example": 400,
        "evilclub.example": 400,
        "localhost": 400,
    }.items():
        assert client.get("/movies", headers={"Host": host}).status_code == status, host
    anywhere = make_app().test_client()
    assert anywhere.get("/movies", headers={"Host": "any.example"}).status_code == 200


@pytest.mark.parametrize("host", ["xn--", "xn--.localhost", "xn--a.localhost", "[::::]", "a" * 70 + ".localhost"])
@pytest.mark.parametrize("path", ["/", "/movies", "/nothing", "/static/style.css"])
def test_malformed_host_names_are_refused(make_app: MakeApp, host: str, path: str) -> None:
    for password in ("", "열려라"):
        environ = EnvironBuilder(path, headers={"Host": host, "Accept": "text/html"}).get_environ()
        _, status, headers = run_wsgi_app(make_app(admin_password=password), environ)  # a client would read the name
        assert status.startswith("400 ")
        assert "Content-Security-Policy" in headers


def test_pages_warn_of_open_mode(make_app: MakeApp) -> None:
    client = open_client(make_app, open_mode=1)
    for path in ("/", "/model", "/login", "/nothing", "/movie/7"):
        answer = client.get(path, environ_base={"REMOTE_ADDR": "8.8.8.8"}, headers={"Accept": "text/html"})
        assert 'class="open-to-all"' in answer.get_data(as_text=True), path
    assert "open-to-all" not in make_app().test_client().get("/").get_data(as_text=True)


@pytest.mark.parametrize(("headers", "allowed"), [
    ({}, True), ({"Origin": "http://localhost"}, True),
    ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "https://evil.example"}, False), ({"Origin": "http://localhost.evil.example"}, False),
    ({"Origin": "http://localhost:9999"}, False), ({"Origin": "http://localhost@evil.example"}, False),
    ({"Origin": "null"}, False), ({"Origin": "http://["}, False), ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site"}, False), ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, False),
])  # fmt: skip
def test_cross_site_writes_are_refused(make_app: MakeApp, headers: dict[str, str], allowed: bool) -> None:
    client = make_app().test_client()
    assert client.post("/movies", json={"title": "괴물"}, headers=headers).status_code == (201 if allowed else 403)
    assert client.delete("/movies/1", headers={**headers, **BEARER}).status_code == (200 if allowed else 403)
    assert client.get("/movies", headers=headers).status_code == 200


def test_there_are_no_cors_headers(make_app: MakeApp) -> None:
    client = make_app().test_client()
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    for answer in (client.options("/movies", headers=asked), client.get("/movies", headers=asked)):
        assert not [name for name in answer.headers.keys() if name.lower().startswith("access-control")]
