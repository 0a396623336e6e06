"""The commands, in the process and from a shell."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.cli import progress_bar
from app.models import Label, ModelCard, MovieFields
from app.services.jobs import Progress, Stage
from app.settings import ROOT
from app.store import Store, open_store
from tests.fakes import FakeAnalyzer
from tests.gunicorn_site import environment
from tests.services.import_export.test_real_files import CASES, CASES_BY_NAME

pytestmark = pytest.mark.slow

TABLE = "제목,작성자,내용\n괴물,밤편지,최고\n괴물,심야영화,지루해요\n"
BAD_TABLE = TABLE + "괴물,,최고\n"
FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
Run = Callable[..., Result]


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path_factory.mktemp('data')}/site.db")) as store:
        yield store


@pytest.fixture
def run(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command in a temporary folder."""
    monkeypatch.chdir(tmp_path)
    runner = app.test_cli_runner()
    return lambda *arguments, **more: runner.invoke(args=arguments, **more)


def test_import_and_export(run: Run, store: Store) -> None:
    Path("in.csv").write_text(TABLE, encoding="utf-8")
    result = run("import", "in.csv")
    assert (result.exit_code, result.stdout) == (0, "1 movies and 2 reviews added; 2 rows read\n")
    assert run("export", "out.jsonl").exit_code == 0
    records = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert [record.get("kind") for record in records] == [None, "movie", "review", "review", "end"]
    result = run("import", "out.jsonl")
    assert result.stdout == "0 movies and 0 reviews added, 2 reviews were there already; 2 rows read\n"
    assert store.totals().review_count == 2
    assert [change.summary for change in store.audit_log()[0]] == ["영화 1편 · 리뷰 2개"]


def test_csv_by_file_name_or_option(run: Run, store: Store) -> None:
    store.add_movie(MovieFields("괴물"))
    for arguments in (("out.csv",), ("--csv", "out")):
        assert run("export", *arguments).exit_code == 0
        assert Path(arguments[-1]).read_bytes().startswith("\ufeff제목,작성자".encode())


def test_exports_follow_links_and_write_to_pipes(run: Run, store: Store) -> None:
    Path("real.jsonl").write_text("old")
    Path("link.jsonl").symlink_to("real.jsonl")
    assert run("export", "link.jsonl").exit_code == 0
    assert Path("link.jsonl").is_symlink()
    assert '"gampyeong"' in Path("real.jsonl").read_text("utf-8")
    os.mkfifo("pipe.jsonl")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(Path("pipe.jsonl").read_bytes)
        assert run("export", "pipe.jsonl").exit_code == 0
        assert read.result(30) == Path("real.jsonl").read_bytes()
    assert Path("pipe.jsonl").is_fifo()


def test_a_dash_means_the_standard_streams(run: Run, store: Store) -> None:
    result = run("import", "-", input=TABLE.encode())
    assert (result.exit_code, store.totals().review_count) == (0, 2)
    result = run("export", "-")
    assert result.stdout_bytes.count(b"\n") == 5


def test_bad_rows_are_reported_and_nothing_is_imported(run: Run, store: Store) -> None:
    Path("in.csv").write_text(BAD_TABLE, encoding="utf-8")
    result = run("import", "in.csv")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "row 4: author: must not be blank",
        "gampyeong: nothing imported: 1 bad of 3 rows (--skip-bad takes the others)",
    ]
    assert store.totals().movie_count == 0
    result = run("import", "--skip-bad", "in.csv")
    assert (result.exit_code, result.stdout) == (0, "1 movies and 2 reviews added, 1 bad rows left out; 3 rows read\n")


def test_columns_are_mapped_and_losses_reported(run: Run, store: Store) -> None:
    Path("in.csv").write_text("Film,느낌,별점,작성일\nA,최고,5,언젠가\nB,,3,\n", encoding="utf-8")
    result = run("import", "in.csv", "--map", "content=느낌", "--map", "title=", "--title", "괴물", "--author", "모임")
    assert (result.exit_code, result.stdout) == (0, "1 movies and 1 reviews added, 1 bad rows left out; 2 rows read\n")
    assert result.stderr.splitlines() == [
        "row 3: content: has no text",
        "1 cells not taken, first in row 2: created_at: is not a day such as 2024-05-01: '언젠가'",
        "not imported: 별점 (a review's text is its vote)",
        "columns not imported: Film",
        "to undo it within a day: flask --app wsgi undo 1",
    ]
    assert [(review.author, review.content) for review in store.all_reviews()] == [("모임", "최고")]
    assert run("import", "in.csv", "--map", "text=느낌").exit_code == 2
    result = run("import", "in.csv", "--map", "content=느낀 점")
    assert result.stderr == "gampyeong: no column is called 느낀 점; there are: Film, 느낌, 별점, 작성일\n"


@pytest.mark.parametrize("name", [name for name, case in CASES_BY_NAME.items() if case.title or case.bad])
def test_files_that_need_options_or_have_bad_rows(run: Run, store: Store, name: str) -> None:
    case = CASES_BY_NAME[name]
    options = [*(["--title", case.title] if case.title else []), *(["--skip-bad"] if case.skip_bad else [])]
    result = run("import", str(CASES / name), *options)
    assert (result.exit_code, store.totals().review_count) == (0, case.count)
    assert [int(row) for row in re.findall(r"^row (\d+):", result.stderr, re.MULTILINE)] == case.bad


def test_an_import_is_undone(run: Run, store: Store) -> None:
    assert run("undo").stderr == "gampyeong: import 0 not found\n"
    Path("in.csv").write_text(TABLE, encoding="utf-8")
    run("import", "in.csv")
    result = run("undo")
    assert (result.exit_code, result.stdout) == (0, "undone: import 1 (영화 1편 · 리뷰 2개)\n")
    assert not store.movies()
    assert run("undo", "1").stderr == "gampyeong: change 1 cannot be undone any more\n"
    assert run("undo").exit_code == 1


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), (b"", "the file is empty"), (b"a,b\n1,2\n", "it has: a, b")]
)
def test_unreadable_files_are_a_one_line_error(run: Run, content: bytes | None, message: str) -> None:
    if content is not None:
        Path("in.csv").write_bytes(content)
    result = run("import", "in.csv")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("gampyeong: ") and message in line


def test_a_failed_export_leaves_no_partial_file(run: Run, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("out.jsonl").write_text("the last one")

    def fail(**_: Any) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr(store, "all_reviews", fail)
    result = run("export", "out.jsonl")
    assert (result.exit_code, result.stderr) == (1, "gampyeong: the disk is full\n")
    assert [path.name for path in Path().iterdir() if path.suffix != ""] == ["out.jsonl"]
    assert Path("out.jsonl").read_text() == "the last one"


def test_corrections_are_exported(run: Run, store: Store) -> None:
    run("import", "-", input=TABLE.encode())
    store.set_correction(1, "somebody", Label.NEGATIVE)
    assert run("export", "--corrections", "rows.tsv").exit_code == 0
    head, row = Path("rows.tsv").read_text("utf-8").splitlines()
    assert head == "review_id\tmovie_id\tstars\tdate\treview"
    assert row.startswith("gampyeong-1\tgampyeong-1\t2\t") and row.endswith("\t최고")


def test_rescoring(run: Run, store: Store, analyzer: FakeAnalyzer) -> None:
    run("import", "-", input=TABLE.encode())
    assert run("rescore").stdout == "nothing to read: the present model read every review\n"
    analyzer.card = ModelCard("new", id="new@1")
    result = run("rescore")
    assert result.stdout.splitlines()[:3] == [
        "2 reviews read again",
        "labels changed: 0 (0 to positive, 0 to negative)",
        "mean rating: 5.00 -> 5.00 (+0.00)",
    ]
    assert store.models() == {"new@1": 2}
    assert run("rescore", "--all").stdout.startswith("2 reviews read again")
    assert store.audit_log()[0][0].summary == "리뷰 2개 · 긍정으로 0, 부정으로 0 · 평균 5.00 → 5.00 · new"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_each_stage_has_a_progress_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", out)
    with progress_bar() as report:
        report(Progress(Stage.CHECK, 1024, 1024, 10.0))
        for done in (0, 50, 100):
            report(Progress(Stage.READ, done, 100, 10.0))
    if is_terminal:
        checking, reading = out.getvalue().split("\n")[:2]  # a bar is redrawn after a \r
        assert "checking" in checking and "100%" in checking
        assert "50/100" in reading and "100/100" in reading
    else:
        assert out.getvalue() == ""


def shell(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environ = environment(folder, **settings)
    return subprocess.run([*FLASK, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)


def test_commands_share_a_database(tmp_path: Path) -> None:
    table, copy, database = tmp_path / "in.csv", tmp_path / "out.jsonl", f"sqlite:///{tmp_path}/reviews.db"
    table.write_text(TABLE, encoding="utf-8")
    result = shell(tmp_path, "import", str(table), DATABASE_URL=database)
    assert (result.returncode, result.stdout) == (0, "1 movies and 2 reviews added; 2 rows read\n"), result.stderr
    # An export loads no model.
    result = shell(tmp_path, "export", str(copy), DATABASE_URL=database, SENTIMENT_MODEL="/nonexistent")
    assert (result.returncode, result.stderr) == (0, "")
    result = shell(tmp_path, "import", str(copy), DATABASE_URL=f"sqlite:///{tmp_path}/fresh.db")
    assert result.returncode == 0, result.stderr
    result = shell(tmp_path, "export", "-", DATABASE_URL=f"sqlite:///{tmp_path}/fresh.db")
    assert result.stdout == copy.read_text("utf-8")
    result = shell(tmp_path, "rescore", DATABASE_URL=database, SENTIMENT_MODEL="/nonexistent")
    assert result.returncode == 1
    assert result.stderr.startswith("gampyeong: cannot use the model /nonexistent")


@pytest.mark.parametrize("arguments", [("export", "x.jsonl"), ("import", "x.csv"), ("rescore",), ("undo",)])
def test_commands_need_a_database(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = shell(tmp_path, *arguments, SENTIMENT_MODEL="/nonexistent")  # no model is loaded
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("gampyeong: set DATABASE_URL")
