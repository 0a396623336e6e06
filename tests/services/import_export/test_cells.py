"""Dates and times as typed in Korea."""

import pytest

from app.services.import_export.cells import format_local, parse_day, parse_timestamp

MIDNIGHT, AFTERNOON = "2024-04-30T15:00:00Z", "2024-05-01T06:05:00Z"


@pytest.mark.parametrize(("text", "moment"), [
    ("2024-05-01", MIDNIGHT), ("2024.05.01", MIDNIGHT), ("2024. 5. 1.", MIDNIGHT), ("2024. 5. 1", MIDNIGHT),
    ("2024/5/1", MIDNIGHT), ("20240501", MIDNIGHT), ("2024년 5월 1일", MIDNIGHT), (" 2024-05-01 15:05 ", AFTERNOON),
    ("2024-05-01T15:05:00", AFTERNOON), ("2024. 5. 1. 오후 3:05", AFTERNOON), ("2024. 5. 1. 오후 3:05:00", AFTERNOON),
    ("2024년 5월 1일 15:05", AFTERNOON), ("2024/5/1 3:05 PM", AFTERNOON), ("2024-05-01T06:05:00Z", AFTERNOON),
    ("2024-05-01 15:05:00+09:00", AFTERNOON), ("2024-05-01T06:05:00.123Z", AFTERNOON),
    ("2024-05-01 오전 12:00", MIDNIGHT), ("2024-05-01T10:05:00+0400", "2024-05-01T06:05:00Z"),
])  # fmt: skip
def test_times_are_parsed(text: str, moment: str) -> None:
    assert parse_timestamp(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "어제", "2024-13-01", "2023-02-29", "2024-05-011", "24-05-01", "2024-05-01 25:00", "2024-05-01 오후 13:00",
     "2024-05-01 15", "2024-05-01 and more", "0001-01-01", "2024-05-01 15:05:00+99:00"],
)  # fmt: skip
def test_invalid_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_timestamp(text)


@pytest.mark.parametrize("text", ["2006-07-27", "2006.07.27", "2006. 7. 27.", "2006/7/27", "2006-07-27 00:00:00"])
def test_days_are_parsed(text: str) -> None:
    assert parse_day(text) == "2006-07-27"


def test_exported_times_are_parsed() -> None:
    for moment in ("2024-05-01T06:05:59Z", "2023-12-31T15:00:00Z", "1970-01-01T00:00:00Z"):
        assert parse_timestamp(format_local(moment)) == moment
