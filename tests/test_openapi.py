"""Schemathesis reads /openapi.json and sends what it allows and what it forbids; every answer must keep its word."""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings

from app.factory import create_app
from app.settings import Settings
from tests.fakes import FakeAnalyzer

EXAMPLES = 60

# One app for all operations: schemathesis reads the document when the tests are collected, before fixtures exist.
app = create_app(Settings(secret_key="tests", instance_dir=str(Path(gettempdir(), "unused"))), analyzer=FakeAnalyzer())
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


def fill() -> None:
    """Movie 1 with a review is there, whatever earlier requests have deleted, so that ids can hit."""
    client = app.test_client()
    movie_id = client.post("/movies", json={"title": "괴물"}).get_json()["id"]
    client.post("/reviews", json={"movie_id": movie_id, "author": "밤편지", "content": "최고예요"})


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_the_document_keeps_its_word(case: Any) -> None:
    fill()
    case.call_and_validate()
