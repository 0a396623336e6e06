"""Readiness, metrics and the access log."""

import json
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.errors import StoreUnavailable
from app.settings import VERSION
from app.store import Store
from tests.conftest import MakeApp
from tests.fakes import FakeAnalyzer


def scrape(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_not_ready_without_the_model(client: FlaskClient, analyzer: FakeAnalyzer) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready"})
    analyzer.broken = True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (503, {"detail": "the model does not answer"})
    assert answer.headers["Retry-After"]
    assert client.get("/healthz").status_code == 200


def test_not_ready_without_the_store(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(store, "check", check)
    assert client.get("/readyz").get_json() == {"detail": "the store does not answer"}


def test_requests_are_counted_by_route(client: FlaskClient, movie_id: int) -> None:
    for path in (f"/movies/{movie_id}", "/movies/99", "/movies/100", "/nope", "/nope/../nope"):
        client.get(path)
    client.open("/nope", method="INVENTED")
    client.open("/healthz", method="INVENTED-TOO")
    found = scrape(client)
    counted = {key[1:]: value for key, value in found.items() if key[0] == "gampyeong_requests_total"}
    assert counted == {
        ("POST", "/movies", "201"): 1,
        ("GET", "/movies/<int:id>", "200"): 1,
        ("GET", "/movies/<int:id>", "404"): 2,
        ("GET", "unknown", "404"): 2,
        ("other", "unknown", "404"): 1,
        ("other", "unknown", "405"): 1,
    }
    assert found["gampyeong_request_seconds_count", "/movies/<int:id>"] == 3
    assert found["gampyeong_request_seconds_bucket", "+Inf", "/movies/<int:id>"] == 3


def test_streamed_responses_are_not_buffered(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    pieces = iter([b"one", b"two"])
    app.add_url_rule("/streamed", view_func=lambda: Response(piece for piece in pieces))
    with app.test_client().get("/streamed", buffered=False) as answer:
        (line,) = logged(capsys)
        assert (line["path"], line["bytes"]) == ("/streamed", None)
        assert next(pieces) == b"two"  # the first has been sent
        assert answer.get_data() == b"one"


def test_the_number_of_series_is_bounded(client: FlaskClient, movie_id: int) -> None:
    def series() -> int:
        return len(scrape(client))

    series()
    before = series()
    for number in range(50):
        client.get(f"/movies/{movie_id}?q={number}")
        client.open(f"/made-up-{number}", method=f"MADE{number}", headers={"User-Agent": str(number)})
    client.get("/made-up")
    middle = series()
    for number in range(50, 100):
        client.get(f"/movies/{movie_id}?q={number}")
        client.open(f"/made-up-{number}", method=f"MADE{number}")
    assert before < middle == series()


def test_metrics_of_the_model_the_store_and_the_process(client: FlaskClient, movie_id: int) -> None:
    for content in ("최고예요", "지루해요", "최고 좋아요"):
        client.post("/reviews", json={"movie_id": movie_id, "author": "밤편지", "content": content})
    found = scrape(client)
    assert found["gampyeong_reviews", "긍정"] == 2
    assert found["gampyeong_reviews", "부정"] == 1
    assert found["gampyeong_movies",] == 1
    assert found["gampyeong_read_texts_total",] == 3
    assert found["gampyeong_inference_seconds_total",] == 0.25
    assert found["gampyeong_waiting_texts",] == 0
    assert [found["gampyeong_batch_texts_bucket", most] for most in ("1.0", "32.0", "+Inf")] == [3, 3, 3]
    assert found["gampyeong_model_info", "fake@1", "fake"] == 1
    assert found["process_resident_memory_bytes",] > 1_000_000
    assert any(name == "gampyeong_build_info" and VERSION in labels for name, *labels in found)


def test_metrics_without_the_store(client: FlaskClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def movies() -> None:
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(store, "movies", movies)
    found = scrape(client)
    assert ("gampyeong_waiting_texts",) in found
    assert ("gampyeong_movies",) not in found


def test_apps_have_separate_metrics(client: FlaskClient, make_app: MakeApp) -> None:
    other = make_app()
    client.get("/healthz")
    assert not any("/healthz" in key for key in scrape(other.test_client()))


def test_each_request_is_a_log_line(client: FlaskClient, movie_id: int, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    content = "아무도 로그에서 읽으면 안 되는 리뷰"
    answer = client.post("/reviews", json={"movie_id": movie_id, "author": "밤편지", "content": content})
    client.get("/movies?q=비밀스러운검색")
    from_request, listed = logged(capsys)
    assert from_request == {
        "time": from_request["time"],
        "level": "info",
        "request": answer.headers["X-Request-ID"],
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/reviews",
        "route": "/reviews",
        "status": 201,
        "ms": from_request["ms"],
        "bytes": len(answer.data),
    }
    assert from_request["time"].endswith("+00:00")
    assert from_request["ms"] >= 0
    assert from_request["request"] != listed["request"]
    assert not any(word in str(line) for line in (from_request, listed) for word in ("아무도", "밤편지", "비밀"))


@pytest.mark.parametrize(
    "path", ["/a%0A%7B%22status%22:200%7D", "/%1b[31mred%c2%9b%e2%80%a8", "/%22,%22x%22:1", "/%ff"]
)
def test_paths_cannot_forge_log_lines(client: FlaskClient, capsys: pytest.CaptureFixture[str], path: str) -> None:
    client.get(path)
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert written[:-1].isascii()
    assert written[:-1].isprintable()
    line = json.loads(written)
    assert (line["status"], line["route"], line["level"]) == (404, "unknown", "warning")


def test_long_paths_are_truncated(client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    client.get("/" + "x" * 5_000)
    assert len(capsys.readouterr().err) < 600


@pytest.mark.parametrize(
    ("level", "statuses"), [("info", [200, 404, 500]), ("warning", [404, 500]), ("error", [500]), ("off", [])]
)
def test_log_levels(
    make_app: MakeApp, analyzer: FakeAnalyzer, capsys: pytest.CaptureFixture[str], level: str, statuses: list[int]
) -> None:
    client = make_app(log_level=level).test_client()
    analyzer.broken = True
    client.get("/healthz")
    client.get("/nope")
    client.post("/sentiment", json={"text": "최고"})
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [json.loads(line)["status"] for line in lines] == statuses


def test_a_closed_log_is_ignored(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Closed())
    assert client.get("/healthz").status_code == 200


def test_request_ids_come_from_trusted_proxies_only(app: Flask, make_app: MakeApp) -> None:
    behind = make_app(trusted_proxies=1)
    for brought, kept in (("abc-1.2_Z", True), ('x"y', False), ("", False), ("x" * 65, False)):
        given = [one.test_client().get("/healthz", headers={"X-Request-ID": brought}) for one in (app, behind)]
        assert [answer.headers["X-Request-ID"] == brought for answer in given] == [False, kept]
