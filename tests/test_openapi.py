"""Requests generated from /openapi.json by Schemathesis: every response matches the document."""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from app.extensions import register_service
from app.factory import create_app
from app.services import ReviewService
from app.settings import Settings
from app.store import open_store
from tests.fakes import FakeAnalyzer

pytestmark = pytest.mark.slow

EXAMPLES = 60

# One app for all operations: schemathesis reads the document when the tests are collected, before fixtures exist.
app = create_app(
    Settings(secret_key="tests", instance_dir=str(Path(gettempdir(), "unused")), ratelimit_enabled=0),
    analyzer=FakeAnalyzer(),
)
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


def reset_store() -> None:
    """Give the app a new store with movies and reviews 1 to 3."""
    register_service(app, ReviewService(open_store(), FakeAnalyzer()))
    client = app.test_client()
    for movie_id in (1, 2, 3):
        client.post("/movies", json={"title": f"괴물 {movie_id}"})
        client.post("/reviews", json={"movie_id": movie_id, "author": "밤편지", "content": "최고예요"})


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_responses_match_the_document(case: Any) -> None:
    reset_store()
    case.call_and_validate(headers={"Accept-Encoding": "identity"})  # the client does not decompress
