"""The process's environment for models."""

import os

import pytest

from app.sentiment.process_setup import configure_process


def test_variables_that_are_set_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"MKL_NUM_THREADS": "2"})
    configure_process()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "2")
