"""What the program says while it runs."""

import io
import json
import os

from lockagent.reporting import LineReporter


def test_an_event_is_one_json_line() -> None:
    stream = io.StringIO()
    LineReporter(as_json=True, stream=stream).tell("denied", access_point="torshov/a", reason="X")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) == {"event": "denied", "access_point": "torshov/a", "reason": "X"}


def test_people_read_the_same_in_one_line() -> None:
    stream = io.StringIO()
    LineReporter(as_json=False, stream=stream).tell("bundle", version="1.7")
    assert stream.getvalue() == "bundle version=1.7\n"


def test_people_read_no_python() -> None:
    stream = io.StringIO()
    facts: dict[str, object] = {
        "cti": None,
        "installed": False,
        "revoked": [],
        "details": {"lo": 1},
    }
    readers = [{"access_point": "torshov/a", "number": 1}, {"access_point": "torshov/b"}]
    LineReporter(as_json=False, stream=stream).tell("ready", **facts, readers=readers)
    assert stream.getvalue() == (
        "ready installed=no revoked=none details=(lo=1) "
        "readers=(access_point=torshov/a number=1), (access_point=torshov/b)\n"
    )


def test_a_door_goes_on_when_nobody_listens_any_more() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    reporter = LineReporter(as_json=True, stream=stream)
    reporter.tell("granted")
    reporter.tell("granted")
    try:
        stream.close()
    except BrokenPipeError:
        assert stream.closed
