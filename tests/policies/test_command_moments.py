"""Instants as people give and read them, and what is told of long work."""

import io
import threading
from zoneinfo import ZoneInfo

import pytest

from policies.documents.stated import parse_date, parse_moment
from policies.grant import Window
from policies.verbs.legible import UNBREAKABLE
from policies.verbs.moments import (
    clock_change,
    duration_text,
    hours_text,
    local_text,
    moment_text,
    windows_text,
)
from policies.verbs.progress import under_way
from tests.policies.written import instant

OSLO = ZoneInfo("Europe/Oslo")


def window(start: str, end: str) -> Window:
    return Window(instant(start), instant(end))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-10-14T17:00:00Z", "Wed 14 Oct 2026 19:00 (2026-10-14T17:00:00Z)"),
        ("2026-10-14T19:00", "Wed 14 Oct 2026 19:00 (2026-10-14T17:00:00Z)"),
        (
            "2026-10-25T02:30",
            "Sun 25 Oct 2026 02:30 (2026-10-25T00:30:00Z): the first of the two times the clock"
            " shows 02:30",
        ),
        (
            "2026-10-25T01:30:00Z",
            "Sun 25 Oct 2026 02:30 (2026-10-25T01:30:00Z): the second of the two times the clock"
            " shows 02:30",
        ),
        (
            "2027-03-28T02:30",
            "Sun 28 Mar 2027 03:00 (2027-03-28T01:00:00Z): the clock skips 02:30 that night",
        ),
        ("2026-10-14T24:00", "Thu 15 Oct 2026 00:00 (2026-10-14T22:00:00Z)"),
    ],
)
def test_which_instant_is_meant_is_said(given: str, meant: str) -> None:
    assert moment_text(parse_moment(given, OSLO), OSLO, given) == meant


def test_a_window_names_the_day_of_its_end_where_that_is_another() -> None:
    assert hours_text(window("2026-10-14T16:00", "2026-10-14T20:00"), OSLO) == "18:00–22:00"
    assert hours_text(window("2026-10-13T22:00", "2026-10-14T22:00"), OSLO) == "00:00–24:00"
    assert hours_text(window("2027-04-30T18:00", "2027-05-01T00:30"), OSLO) == (
        "20:00–Sat 1 May 02:30"
    )


def test_windows_of_one_day_name_it_once() -> None:
    windows = (
        window("2026-10-14T05:00", "2026-10-14T08:00"),
        window("2026-10-14T16:00", "2026-10-14T20:00"),
        window("2026-10-15T05:00", "2026-10-15T05:00:30Z"),
    )
    assert windows_text(windows, OSLO).replace(UNBREAKABLE, " ") == (
        "Wed 14 Oct 07:00–10:00, 18:00–22:00, Thu 15 Oct 07:00–07:00:30"
    )
    assert windows_text((), OSLO) == "–"


def test_the_year_is_named_unless_it_is_the_one_spoken_of() -> None:
    at, near = instant("2027-01-01T09:00"), instant("2026-12-31T09:00")
    assert local_text(at, OSLO, at) == "Fri 1 Jan 10:00"
    assert local_text(at, OSLO, near) == "Fri 1 Jan 2027 10:00"


@pytest.mark.parametrize(
    ("day", "hours"), [("2027-03-28", 1), ("2026-10-25", -1), ("2026-10-14", 0)]
)
def test_a_change_of_the_clock_is_found(day: str, hours: int) -> None:
    assert clock_change(parse_date(day), OSLO).total_seconds() == hours * 3600


def test_elapsed_times_are_said_in_the_largest_units() -> None:
    assert [duration_text(n) for n in (30, 90, 900, 3600, 5400, 0)] == [
        "30 s", "90 s", "15 min", "1 h", "1 h 30 min", "0 min",
    ]  # fmt: skip


class Watched(io.StringIO):
    """A stream that says when something has been written to it."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal
        self.is_written = threading.Event()

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> int:
        count = super().write(text)
        self.is_written.set()
        return count


def test_short_work_is_not_told() -> None:
    stream = Watched(is_terminal=True)
    with under_way("reading people.yaml", stream, patience_seconds=60):
        pass
    assert stream.getvalue() == ""


def test_long_work_is_told_when_it_is_long_and_when_it_is_done() -> None:
    stream = Watched(is_terminal=False)
    with under_way("reading people.yaml", stream, patience_seconds=0):
        assert stream.is_written.wait(10)
    told = stream.getvalue().splitlines()
    assert told[0] == "reading people.yaml ..."
    assert told[1].startswith("reading people.yaml: done in ")


def test_a_terminal_is_wiped_when_the_work_is_done() -> None:
    stream = Watched(is_terminal=True)
    with under_way("reading people.yaml", stream, patience_seconds=0):
        assert stream.is_written.wait(10)
    told = stream.getvalue()
    assert "reading people.yaml ... 0 s" in told
    assert told.endswith("\r\x1b[2K")


def work_that_fails(stream: Watched) -> None:
    with under_way("counting", stream, patience_seconds=0):
        assert stream.is_written.wait(10)
        raise ValueError


def test_work_that_fails_is_no_longer_told_as_under_way() -> None:
    stream = Watched(is_terminal=False)
    with pytest.raises(ValueError):
        work_that_fails(stream)
    assert "done" not in stream.getvalue()
