"""Translations are complete and well-formed, and pages are in one language."""

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from app.i18n import DEFAULT_LANGUAGE, LANGUAGES
from app.settings import ROOT
from tests.web.conftest import Visitor

TRANSLATIONS = ROOT / "app" / "translations"

HANGUL = re.compile("[가-힣ㄱ-ㅎ]")
OTHERS = [code for code in LANGUAGES if code != DEFAULT_LANGUAGE]
GETTEXT = {"gettext", "ngettext", "lazy_gettext", "lazy_ngettext", "_"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|<[^>]+>")
CALL = r"\b(_|n?gettext)\((?:[^()']|'[^']*'|\((?:[^()']|'[^']*')*\))*\)"
MODULES = sorted([*(ROOT / "app" / "web").glob("*.py"), *(ROOT / "app" / "security").glob("*.py")])
MODULES += [ROOT / "app" / "error_handlers.py", ROOT / "app" / "i18n.py"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def texts() -> set[str]:
    """Return every msgid in code and templates."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


KEYWORDS = {
    "_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
}  # fmt: skip


def catalogue(language: str) -> Catalog:
    return read_po(BytesIO((TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").read_bytes()), locale=language)


def forms(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each msgid with its translations, plurals included."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        for translation in message.string:
            yield message.id[0], translation


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(language) if message.id
    }
    assert sorted(texts() - known) == []
    assert sorted(known - texts()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_are_well_formed(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        for original, translation in forms(message):
            assert translation.strip(), original
            left_out = set(PLACEHOLDER.findall(translation)) - set(PLACEHOLDER.findall(original))
            assert not left_out, f"{original!r} does not have {left_out}"
            missing = set(PLACEHOLDER.findall(original)) - set(PLACEHOLDER.findall(translation))
            assert not missing - {"%(num)d", "%(num)s", "%(count)s"}, f"{translation!r} lost {missing}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_untranslated_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for told in (r"\{#.*?#\}", r"\{%-? *trans.*?endtrans *-?%\}", CALL):
        text = re.sub(told, "", text, flags=re.DOTALL)
    left = [line.strip() for line in text.splitlines() if HANGUL.search(line)]
    assert left == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_modules_have_no_untranslated_text(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in GETTEXT
        for part in ast.walk(node)
    }
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    exempt = told | docstrings
    if path.name == "i18n.py":
        exempt |= {
            id(part) for part in ast.walk(tree) if isinstance(part, ast.Constant) and part.value in LANGUAGES.values()
        }
    left = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt
        if HANGUL.search(node.value)
    ]
    assert left == []


def test_scripts_have_no_untranslated_text() -> None:
    script = (ROOT / "static" / "app.js").read_text(encoding="utf-8")
    code = re.sub(r"//.*", "", script)
    said = set(re.findall(r'"[^"\n]*[가-힣][^"\n]*"', code))
    assert said <= {'"긍정"', '"부정"'}  # the labels, as JSON has them


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-US,en;q=0.9", "en"),
        ("fr-FR,en;q=0.5", "en"),
        ("ja", "ko"),
        ("en;q=0.1, ko;q=0.9", "ko"),
        ("\x00;;;q=x", "ko"),
    ],
)
def test_accept_language_chooses_the_language(client: FlaskClient, header: str | None, language: str) -> None:
    page = client.get("/", headers={"Accept-Language": header} if header else {})
    assert BeautifulSoup(page.data, "html.parser").html["lang"] == language
    assert {"Accept-Language", "Cookie"} <= set(page.vary)


@pytest.mark.parametrize("address", ["/", "/model", "/login", "/movie/1", "/movie/99", "/?q=없는+영화"])
def test_an_english_page_is_english(client: FlaskClient, movie_id: int, address: str) -> None:
    page = client.get(address, headers={"Accept-Language": "en"})
    soup = BeautifulSoup(page.data, "html.parser")
    for own in soup.select("title, [lang=ko], bdi, [dir=auto], option, table, input, .poster, datalist"):
        own.decompose()  # texts of visitors, and the language form
    assert [line for line in soup.get_text("\n").splitlines() if HANGUL.search(line)] == []


def test_the_chosen_language_is_remembered(client: FlaskClient, movie_id: int) -> None:
    address = f"/movie/{movie_id}?label=%EA%B8%8D%EC%A0%95"
    answer = Visitor(client).submit(address, "form.languages", language="en")
    assert answer.status_code == 303
    assert answer.headers["Location"] == address
    page = client.get(address, headers={"Accept-Language": "ko"})
    assert BeautifulSoup(page.data, "html.parser").html["lang"] == "en"


@pytest.mark.parametrize(
    "fields", [{"language": "xx"}, {}, {"language": "en", "csrf_token": "forged"}], ids=["unknown", "none", "forged"]
)
def test_unknown_languages_and_forged_forms_are_refused(client: FlaskClient, fields: dict[str, str]) -> None:
    answer = Visitor(client).submit("/", "form.languages", **fields)
    assert answer.status_code == 400
    assert "language" not in answer.headers.get("Set-Cookie", "")


def test_the_switch_redirects_to_this_site_only(client: FlaskClient) -> None:
    assert (
        Visitor(client).submit("/", "form.languages", language="en", next="//evil.example/").headers["Location"] == "/"
    )
