"""The README and the CHANGELOG, checked against the code: a table that lies fails here."""

import re
from dataclasses import fields
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from app.settings import ROOT, Settings

README = Path(ROOT, "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, its head left out."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_settings_table_is_the_code() -> None:
    table = {name.strip("`"): (default.strip("`"), meaning) for name, default, meaning in rows("Settings")}
    expected = {}
    for item in fields(Settings):
        default = "`instance`" if item.name == "instance_dir" else f"`{item.default}`" if item.default != "" else ""
        expected[item.metadata["env"]] = (default.strip("`"), item.metadata["meaning"])
    assert table == expected


def test_the_route_table_is_the_code(client: FlaskClient) -> None:
    listed = {
        (method, re.sub(r"\{\w+\}", "{id}", path))
        for route, *_ in rows("JSON routes")
        for method, path in re.findall(r"`(GET|POST|PATCH|DELETE) (/[^`?]*)", route)
    }
    document = client.get("/openapi.json").get_json()
    served = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == served | {("GET", "/openapi.json"), ("GET", "/docs")}


def test_the_page_table_is_the_code(app: Flask) -> None:
    listed = {
        (method, path)
        for route, *_ in rows("Pages")
        for methods, path in re.findall(r"`([A-Z, ]+) (/[^`?]*)`", route)
        for method in methods.split(", ")
    }
    served = {
        (method, re.sub(r"<[^>]+>", "{id}", rule.rule))
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(("api.", "static"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == served


def test_every_file_named_in_the_readme_is_there() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README)
    assert named
    assert [name for name in named if not Path(ROOT, name).exists()] == []


def test_the_changelog_starts_with_what_is_not_released() -> None:
    changelog = Path(ROOT, "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.index("## Unreleased") < changelog.index("- ")


def test_nothing_is_left_to_fill_in() -> None:
    for path in ("README.md", "training/README.md", "app/sentiment/bundled/README.md", "CONTRIBUTING.md"):
        text = Path(ROOT, path).read_text(encoding="utf-8")
        assert not re.search(r"^[A-Z]{6,}$|@@|TODO|\{\w+\[\w+\]", text, re.MULTILINE), path


def test_the_licence_is_there() -> None:
    assert "MIT License" in Path(ROOT, "LICENSE").read_text(encoding="utf-8")
