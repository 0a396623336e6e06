"""The documentation's tables, links and commands match the code."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import ROOT, VERSION, Settings

PAGES = ["README.md", "README.ko.md", "CONTRIBUTING.md", "SECURITY.md", "training/README.md"]
PAGES += sorted(f"docs/{path.name}" for path in Path(ROOT, "docs").glob("*.md"))


def read(page: str) -> str:
    return Path(ROOT, page).read_text(encoding="utf-8")


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its head."""
    section = read(page).split(f"# {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_settings_table_matches_the_code() -> None:
    table = {
        name.strip("`"): (default.strip("`"), meaning)
        for name, default, meaning in rows("docs/settings.md", "Settings")
    }
    expected = {}
    for item in fields(Settings):
        default = "`instance`" if item.name == "instance_dir" else f"`{item.default}`" if item.default != "" else ""
        expected[item.metadata["env"]] = (default.strip("`"), item.metadata["meaning"])
    assert table == expected


def test_the_route_table_matches_the_code(client: FlaskClient) -> None:
    listed = {
        (method, re.sub(r"\{\w+\}", "{id}", path))
        for route, *_ in rows("docs/api.md", "Routes")
        for method, path in re.findall(r"`(GET|POST|PATCH|DELETE) (/[^`?]*)", route)
    }
    document = client.get("/openapi.json").get_json()
    served = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert listed == served | {("GET", "/openapi.json"), ("GET", "/docs")}


def test_query_parameters_match_the_document(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    for route, *_ in rows("docs/api.md", "Routes"):
        for path, query in re.findall(r"`GET (/[^`?]*)\?([^`]*)`", route):
            parameters = document["paths"][re.sub(r"\{\w+\}", "{id}", path)]["get"]["parameters"]
            named = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
            assert sorted(part.rstrip("=") for part in query.split("&")) == sorted(named)


def test_request_bodies_match_the_document(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    checked = 0
    for route, *_ in rows("docs/api.md", "Routes"):
        for method, path, body in re.findall(r"`(POST|PATCH) (/\S*)` `\{(.*?)\}`", route):
            operation = document["paths"][re.sub(r"\{\w+\}", "{id}", path)][method.lower()]
            reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
            assert set(re.findall(r'"(\w+)"', body)) == schema["properties"].keys(), route
            assert set(re.findall(r'"(\w+)"(?!\?)', body)) == set(schema.get("required", [])), route
            checked += 1
    assert checked > 5


def test_the_page_table_matches_the_code(app: Flask) -> None:
    listed = {
        (method, re.sub(r"\{\w+\}", "{id}", path))
        for route, *_ in rows("docs/pages.md", "Pages")
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


@pytest.mark.parametrize("page", PAGES)
def test_links_have_existing_targets(page: str) -> None:
    for name, anchor in re.findall(r"\]\(([^):#]*)(?:#([^)]+))?\)", read(page)):
        target = Path(ROOT, page).parent / name if name else Path(ROOT, page)
        assert target.exists(), name
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_named_modules_exist(page: str) -> None:
    for name in re.findall(r"`((?:app|templates|tests|static|benchmarks)/[\w./-]*)`", read(page)):
        assert Path(ROOT, name).exists(), name


def test_architecture_names_each_package() -> None:
    named = {cell for row in rows("docs/architecture.md", "Packages") for cell in re.findall(r"`(app/\w+)", row[1])}
    packages = {f"app/{path.stem}" for path in Path(ROOT, "app").iterdir() if not path.name.startswith("__")}
    assert packages - {"app/translations"} == named


def test_both_readmes_are_short_and_have_the_same_commands() -> None:
    def commands(page: str) -> list[str]:
        blocks = re.findall(r"```sh\n(.*?)```", read(page), re.DOTALL)
        return [line.split("   #")[0] for block in blocks for line in block.splitlines()]

    assert commands("README.md") == commands("README.ko.md")
    for page in ("README.md", "README.ko.md"):
        assert len(read(page).splitlines()) <= 130


def test_there_are_no_placeholders() -> None:
    for path in (*PAGES, "app/sentiment/bundled/README.md"):
        text = Path(ROOT, path).read_text(encoding="utf-8")
        assert not re.search(r"^[A-Z]{6,}$|@@|TODO|\{\w+\[\w+\]", text, re.MULTILINE), path


def test_the_changelog_begins_with_this_version() -> None:
    first, *others = re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert first == VERSION
    assert "0.1.0" in others
