"""Two processes of the site on one PostgreSQL, as behind a proxy: what one writes the other shows."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from app.settings import ROOT
from tests.postgresql import Server

pytestmark = pytest.mark.slow

REPLICA = """
import sys
from werkzeug.serving import make_server
from app.factory import create_app
from tests.fakes import FakeAnalyzer

server = make_server("127.0.0.1", 0, create_app(analyzer=FakeAnalyzer()), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Replica:
    """A process of its own; `get` and `post` ask it over HTTP."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.process = process
        self.port = int(process.stdout.readline())

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:  # noqa: S310
            text: str = answer.read().decode()
            return text

    def send(self, method: str, path: str, body: Any) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return content


@pytest.fixture
def replicas(postgresql: Server, tmp_path: Path) -> Iterator[list[Replica]]:
    environ = {
        "DATABASE_URL": postgresql.new_database(),
        "SECRET_KEY": "the same for all",
        "PYTHONPATH": str(ROOT),
        "RATELIMIT_ENABLED": "0",  # a form filled in faster than a person can is refused, otherwise
        "LOG_LEVEL": "error",
    }
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", REPLICA],
                    cwd=ROOT,
                    env={**environ, "INSTANCE_DIR": str(tmp_path / str(number))},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            )
            for number in range(2)
        ]
        try:
            yield [Replica(process) for process in processes]
        finally:
            for process in processes:
                process.kill()


def test_what_one_writes_the_other_shows(replicas: list[Replica]) -> None:
    one, other = replicas
    assert json.loads(other.get("/movies")) == []  # it keeps this answer until something changes
    movie = one.send("POST", "/movies", {"title": "리틀 포레스트"})
    for replica in replicas:
        assert [found["title"] for found in json.loads(replica.get("/movies"))] == ["리틀 포레스트"]
        assert "리틀 포레스트" in replica.get("/")
    review = other.send("POST", "/reviews", {"movie_id": movie["id"], "author": "밤편지", "content": "최고예요"})
    for replica in replicas:
        assert json.loads(replica.get(f"/movies/{movie['id']}"))["average_rating"] == review["rating"]
        assert "최고예요" in replica.get(f"/movie/{movie['id']}")
    one.send("DELETE", f"/reviews/{review['id']}", None)
    assert json.loads(other.get(f"/reviews/{movie['id']}")) == []


def test_a_form_of_one_is_good_for_the_other(replicas: list[Replica]) -> None:
    one, other = replicas
    connection = HTTPConnection("127.0.0.1", one.port, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    token = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
    cookies = "; ".join(cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))
    assert token
    connection = HTTPConnection("127.0.0.1", other.port, timeout=30)
    form = urlencode({"title": "괴물", "csrf_token": token[1]})
    connection.request("POST", "/movie", form, {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies})
    assert connection.getresponse().status == 303
