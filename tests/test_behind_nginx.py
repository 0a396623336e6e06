"""Two processes of the site on one PostgreSQL with one Redis behind nginx, as docs/deploying.md describes it."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT
from tests.gunicorn_site import FAKE_SITE, GUNICORN, STARTS_WITHIN, environment, free_port
from tests.postgresql import Server

pytestmark = pytest.mark.slow

CLIENTS = 8
LIMIT = 20  # posts, in the test of limits
NGINX = """
daemon off;
error_log stderr warn;
pid {folder}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream gampyeong {{ server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; keepalive 32; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gampyeong;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
        }}
    }}
}}
"""


class Connection:
    """JSON over an HTTP connection that is reopened after an error."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        try:
            self._http.request(method, path, data, {"Content-Type": "application/json"})
            with self._http.getresponse() as answer:
                content = answer.read()
        except (OSError, HTTPException):
            self._http.close()
            return 0, None
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(content) if is_json else content

    def close(self) -> None:
        self._http.close()


class Cluster:
    """Two sites, nginx and Redis; `port` is nginx's, `ports` are the sites'."""

    def __init__(self, folder: Path, database: str, **settings: str) -> None:
        (folder / "site_of_test.py").write_text(FAKE_SITE, encoding="utf-8")
        self.port, self.ports = free_port(), (free_port(), free_port())
        redis = free_port()
        self._environ = environment(
            folder,
            PYTHONPATH=str(folder),
            DATABASE_URL=database,
            SECRET_KEY="the same for both",
            ADMIN_PASSWORD="the same for both",
            RATELIMIT_STORAGE_URL=f"redis://127.0.0.1:{redis}/0",
            TRUSTED_PROXIES="1",
            LOG_LEVEL="error",
            **settings,
        )
        configuration = folder / "nginx.conf"
        text = NGINX.format(folder=folder, port=self.port, first=self.ports[0], second=self.ports[1])
        configuration.write_text(text, encoding="utf-8")
        self._commands = [
            ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
            ["nginx", "-e", "stderr", "-c", str(configuration)],
        ]
        self._others: list[subprocess.Popen[bytes]] = []
        self._sites: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._others = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in self._commands]
        for port in self.ports:
            self.start_site(port)
        self.wait(self.port)

    def start_site(self, port: int) -> None:
        """Start one site and wait until it is ready."""
        environ = {**self._environ, "PORT": str(port)}
        command = [*GUNICORN, "site_of_test:app"]
        self._sites[port] = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
        self.wait(port)

    def stop_site(self, port: int) -> int:
        """End one site as a host does that restarts it; return its exit code."""
        self._sites[port].terminate()
        return self._sites[port].wait(60)

    def wait(self, port: int) -> None:
        until = time.monotonic() + STARTS_WITHIN
        connection = Connection(port)
        while connection.ask("GET", "/readyz")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        connection.close()

    def stop(self) -> None:
        """End all of them."""
        for process in [*self._sites.values(), *self._others]:
            process.terminate()
        for process in [*self._sites.values(), *self._others]:
            process.wait(60)


@contextmanager
def running_cluster(folder: Path, postgresql: Server, **settings: str) -> Iterator[Cluster]:
    """Start a cluster. Without nginx or Redis skip the test, or fail it in CI."""
    for program in ("nginx", "redis-server"):
        if not shutil.which(program):
            say = pytest.fail if os.environ.get("CI") else pytest.skip
            say(f"there is no {program}")
    cluster = Cluster(folder, postgresql.new_database(), **settings)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def test_processes_share_posts_and_limits(tmp_path: Path, postgresql: Server) -> None:
    with running_cluster(tmp_path, postgresql, LIMIT_POSTS=f"{LIMIT} per hour") as cluster:
        sites = [Connection(port) for port in cluster.ports]
        status, movie = sites[0].ask("POST", "/movies", {"title": "괴물"})
        assert status == 201
        for number in range(1, LIMIT):
            review = {"movie_id": movie["id"], "author": "밤편지", "content": f"리뷰 {number}"}
            status, _ = sites[number % 2].ask("POST", "/reviews", review)
            assert status == 201
            status, reviews = sites[(number + 1) % 2].ask("GET", f"/reviews/{movie['id']}")
            assert [review["content"] for review in reviews][0] == f"리뷰 {number}"
            assert len(reviews) == number
            page = sites[(number + 1) % 2].ask("GET", f"/movie/{movie['id']}")[1]
            assert f"리뷰 {number}" in page.decode()
        proxied = Connection(cluster.port)
        assert len(proxied.ask("GET", f"/reviews/{movie['id']}")[1]) == LIMIT - 1
        refused = {"movie_id": movie["id"], "author": "밤편지", "content": "하나 더"}
        for connection in (*sites, proxied, proxied):  # nginx sends the last two to one site each
            assert connection.ask("POST", "/reviews", refused)[0] == 429
        for connection in (*sites, proxied):
            connection.close()


def test_a_restart_under_load_loses_no_acknowledged_review(tmp_path: Path, postgresql: Server) -> None:
    with running_cluster(tmp_path, postgresql, RATELIMIT_ENABLED="0") as cluster:
        first = Connection(cluster.port)
        _, movie = first.ask("POST", "/movies", {"title": "괴물"})
        done, restarted = threading.Event(), threading.Event()
        from_request: list[tuple[str, int, bool]] = []

        def post(client: int) -> None:
            connection, number = Connection(cluster.port), 0
            while not done.is_set():
                number += 1
                text, is_after = f"리뷰 {client}-{number}", restarted.is_set()
                body = {"movie_id": movie["id"], "author": "밤편지", "content": text}
                from_request.append((text, connection.ask("POST", "/reviews", body)[0], is_after))
            connection.close()

        threads = [threading.Thread(target=post, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for port in cluster.ports:
            before = len(from_request)
            while len(from_request) < before + 10 * CLIENTS:
                time.sleep(0.01)
            assert cluster.stop_site(port) == 0
            cluster.start_site(port)
        restarted.set()
        before = len(from_request)
        while len(from_request) < before + 10 * CLIENTS:
            time.sleep(0.01)
        done.set()
        for thread in threads:
            thread.join()
        first.close()
        stored: Counter[str] = Counter()
        sites = [Connection(port) for port in cluster.ports]
        for page in range(1, len(from_request) // 1_000 + 2):
            _, reviews = sites[0].ask("GET", f"/reviews/{movie['id']}?per_page=1000&page={page}")
            stored.update(review["content"] for review in reviews)
        acknowledged = [text for text, status, _ in from_request if status == 201]
        assert [text for text in acknowledged if stored[text] != 1] == []
        assert {count for count in stored.values()} == {1}
        assert stored.keys() <= {text for text, _, _ in from_request}
        assert {status for _, status, is_after in from_request if is_after} == {201}
        for site in sites:
            _, found = site.ask("GET", f"/movies/{movie['id']}")
            assert found["review_count"] == stored.total()
            site.close()
