"""The page's foot says whether a restart forgets, and which version this is."""

import tomllib
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from app.factory import create_app
from app.settings import ROOT, VERSION, Settings


def test_the_foot_says_whether_a_restart_forgets(tmp_path: Path, analyzer: Any) -> None:
    for url, forgets in (("", True), (f"sqlite:///{tmp_path}/reviews.db", False)):
        settings = Settings(secret_key="tests", instance_dir=str(tmp_path), database_url=url)
        client = create_app(settings, analyzer=analyzer).test_client()
        for path in ("/", "/nope"):
            page = BeautifulSoup(client.get(path, headers={"Accept": "text/html"}).get_data(), "html.parser")
            foot = page.select_one("footer")
            assert foot
            assert ("다시 켜면 모두 사라져요" in foot.get_text()) is forgets


def test_the_version_is_the_projects(client: FlaskClient) -> None:
    project = tomllib.loads(Path(ROOT, "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert client.get("/openapi.json").get_json()["info"]["version"] == project["version"] == VERSION
    foot = BeautifulSoup(client.get("/").get_data(), "html.parser").select_one("footer")
    assert foot and f"감평 {VERSION}" in foot.get_text()
