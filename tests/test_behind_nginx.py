"""Two processes of the site on one PostgreSQL with one Redis behind nginx, as docs/deploying.md describes it."""

import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
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


def connect(port: int) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)


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
        with connect(port) as client:
            while status_of(client, "GET", "/readyz") != 200:
                assert time.monotonic() < until
                time.sleep(0.05)

    def stop(self) -> None:
        """End all of them."""
        for process in [*self._sites.values(), *self._others]:
            process.terminate()
        for process in [*self._sites.values(), *self._others]:
            process.wait(60)


def status_of(client: httpx2.Client, method: str, path: str, body: object = None) -> int:
    """Return the response's status, 0 if there is none."""
    try:
        return client.request(method, path, json=body).status_code
    except httpx2.HTTPError:
        return 0


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
    with running_cluster(tmp_path, postgresql, LIMIT_POSTS=f"{LIMIT} per hour") as cluster, ExitStack() as clients:
        *sites, proxied = [clients.enter_context(connect(port)) for port in (*cluster.ports, cluster.port)]
        answer = sites[0].post("/movies", json={"title": "괴물"})
        assert answer.status_code == 201
        movie = answer.json()["id"]
        for number in range(1, LIMIT):
            review = {"movie_id": movie, "author": "밤편지", "content": f"리뷰 {number}"}
            assert sites[number % 2].post("/reviews", json=review).status_code == 201
            other = sites[(number + 1) % 2]
            reviews = other.get(f"/reviews/{movie}").json()
            assert reviews[0]["content"] == f"리뷰 {number}"
            assert len(reviews) == number
            assert f"리뷰 {number}" in other.get(f"/movie/{movie}").text
        assert len(proxied.get(f"/reviews/{movie}").json()) == LIMIT - 1
        refused = {"movie_id": movie, "author": "밤편지", "content": "하나 더"}
        for client in (*sites, proxied, proxied):  # nginx sends the last two to one site each
            assert client.post("/reviews", json=refused).status_code == 429


def test_a_restart_under_load_loses_no_acknowledged_review(tmp_path: Path, postgresql: Server) -> None:
    with running_cluster(tmp_path, postgresql, RATELIMIT_ENABLED="0") as cluster, ExitStack() as clients:
        *sites, proxied = [clients.enter_context(connect(port)) for port in (*cluster.ports, cluster.port)]
        movie = proxied.post("/movies", json={"title": "괴물"}).json()["id"]
        done, restarted = threading.Event(), threading.Event()
        posted: list[tuple[str, int, bool]] = []

        def post(number: int) -> None:
            with connect(cluster.port) as client:
                while not done.is_set():
                    text, is_after = f"리뷰 {number}-{len(posted)}", restarted.is_set()
                    body = {"movie_id": movie, "author": "밤편지", "content": text}
                    posted.append((text, status_of(client, "POST", "/reviews", body), is_after))

        def wait_for_posts() -> None:
            before = len(posted)
            while len(posted) < before + 10 * CLIENTS:
                time.sleep(0.01)

        threads = [threading.Thread(target=post, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for port in cluster.ports:
            wait_for_posts()
            assert cluster.stop_site(port) == 0
            cluster.start_site(port)
        restarted.set()
        wait_for_posts()
        done.set()
        for thread in threads:
            thread.join()
        stored: Counter[str] = Counter()
        for page in range(1, len(posted) // 1_000 + 2):
            reviews = sites[0].get(f"/reviews/{movie}?per_page=1000&page={page}").json()
            stored.update(review["content"] for review in reviews)
        acknowledged = [text for text, status, _ in posted if status == 201]
        assert [text for text in acknowledged if stored[text] != 1] == []
        assert set(stored.values()) == {1}
        assert stored.keys() <= {text for text, _, _ in posted}
        assert {status for _, status, is_after in posted if is_after} == {201}
        for site in sites:
            assert site.get(f"/movies/{movie}").json()["review_count"] == stored.total()
