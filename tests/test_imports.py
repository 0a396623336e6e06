"""Imports between packages, and the packages that may import a library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT

PATHS = sorted([ROOT / "wsgi.py", *(ROOT / "app").rglob("*.py")])

BASE = {"models", "protocols", "errors", "hangul"}
# What a package may import besides itself.
SHARED = {
    "security", "services", "schemas", "extensions", "i18n", "telemetry", "static_files", "error_handlers",
    "json_io",
} | BASE  # fmt: skip
ALLOWED = {
    "models": set(),
    "protocols": {"models"},
    "errors": set(),
    "settings": {"errors"},
    "hangul": set(),
    "schemas": {"models", "errors", "hangul"},
    "native_thread": set(),
    "gevent_worker": set(),
    "sentiment": BASE | {"native_thread"},
    "store": {"models", "errors"},
    "services": BASE | {"schemas", "store", "native_thread"},
    "extensions": set(),
    "i18n": set(),
    "static_files": set(),
    "json_io": set(),
    "telemetry": {"errors", "models", "protocols", "settings"},
    "security": {"errors", "models", "settings", "extensions"},
    "error_handlers": {"errors", "i18n", "json_io"},
    "api": SHARED,
    "web": SHARED,
    "cli": {"extensions", "services", "settings", "models", "errors"},
    "factory": SHARED | {"cli", "web", "api", "store", "sentiment", "settings"},
    "wsgi": {"factory", "settings", "errors"},
}
# Packages that may import a library; others are unrestricted.
HOOKS = {"json_io", "security", "extensions", "i18n", "static_files", "telemetry", "error_handlers"}
WEB = HOOKS | {"api", "web", "cli", "factory"}
LIBRARIES = {
    "flask": WEB,
    "werkzeug": WEB | {"gevent_worker"},
    "jinja2": WEB,
    "flask_compress": {"factory"},
    "limits": {"security"},
    "itsdangerous": {"security"},
    "gunicorn": {"gevent_worker"},
    "gevent": {"gevent_worker", "native_thread"},
    "flask_wtf": {"web", "factory"},
    "wtforms": {"web"},
    "flask_babel": {"i18n", "web", "error_handlers"},
    "babel": {"i18n"},
    "pydantic": {"schemas", "api", "services"},
    "python_calamine": {"services"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "torch": {"sentiment"},
    "transformers": {"sentiment"},
    "onnxruntime": {"sentiment"},
    "tokenizers": {"sentiment"},
    "safetensors": {"sentiment"},
    "huggingface_hub": {"sentiment"},
    "numpy": {"sentiment"},
    "emoji": {"sentiment"},
    "click": {"cli", "wsgi"},
    "prometheus_client": {"telemetry"},
}


def package_of(module: str) -> str:
    """Return the package of a dotted name: `app.web.views` in `web`, `wsgi` in `wsgi`."""
    return module.removeprefix("app.").split(".")[0]


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and dotted name of each import, also inside functions."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno}: write the import out, without dots"
            assert node.module
            if node.module == "app":
                yield from ((node.lineno, f"app.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_every_package_is_listed() -> None:
    there = {package_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in PATHS}
    assert there - {"__init__"} <= ALLOWED.keys()


def test_there_are_no_circular_imports() -> None:
    left = dict(ALLOWED)
    while left:
        independent = [package for package, imports_of in left.items() if not imports_of & left.keys()]
        assert independent, f"circular imports: {sorted(left)}"
        for package in independent:
            del left[package]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    package = package_of(module)
    if package == "__init__":
        assert list(imported(path)) == []
        return
    for line, name in imported(path):
        where = f"{path.relative_to(ROOT)}:{line}"
        if name.split(".")[0] == "app":
            target = package_of(name)
            assert target == package or target in ALLOWED[package], f"{where}: {package} may not import {target}"
        else:
            library = name.split(".")[0]
            assert package in LIBRARIES.get(library, {package}), f"{where}: {package} may not import {library}"


def test_base_modules_import_the_standard_library_only() -> None:
    for package in (*BASE, "settings"):
        names = {name.split(".")[0] for _, name in imported(ROOT / "app" / f"{package}.py")}
        assert names - {"app"} <= sys.stdlib_module_names


def test_models_load_neither_flask_nor_torch() -> None:
    loaded = run_python("import sys, app.models; print({'flask', 'torch', 'pydantic'} & sys.modules.keys() or 'none')")
    assert loaded == "none"


def test_app_with_an_analyzer_does_not_load_torch(tmp_path: Path) -> None:
    loaded = run_python(
        "import sys\n"
        "from app.factory import create_app\n"
        "from app.settings import ROOT, Settings\n"
        f"create_app(Settings(secret_key='x', instance_dir={str(tmp_path)!r}), analyzer=object())\n"
        "heavy = {'torch', 'transformers', 'onnxruntime', 'tokenizers', 'alembic', 'psycopg'}\n"
        "print(heavy & sys.modules.keys() or 'none')"
    )
    assert loaded == "none"
