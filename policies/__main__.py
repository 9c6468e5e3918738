"""The program `policies`: check documents, and ask what they decide.

Verbs and exit codes (interfaces.md 7): `check` and `decide`; 0 done or yes, 1 the answer is no or
`check` found faults, 2 a wrong command, a missing file, or a faulty document in another verb. With
`--json` each line of stdout is one object and what people read goes to stderr.

Files and the system's date are read here and nowhere else in the package. JSON is written in ASCII,
and a console that lacks a letter shows its number: no report fails for want of letters.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from policies.document import load_policies
from policies.engine import Decision, decide
from policies.errors import Fault, PolicyError
from policies.language import Language
from policies.people import parse_people
from policies.places import Places, parse_places
from policies.public_holidays import norwegian_holidays
from policies.schedule import local_day
from policies.upkeep import lapsing_day_lists
from policies.vocabulary import (
    ACTION_NAMES,
    AccessPointId,
    Instant,
    PersonId,
    instant_text,
    parse_instant,
)
from policies.wording import opening_sentence, reason_sentence

YES, NO, WRONG = 0, 1, 2


class CommandError(Exception):
    """The command cannot be carried out as given; one sentence says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        if options.verb == "check":
            return _check(options)
        return _decide(options)
    except PolicyError as error:
        _tell_faults(error.faults, options.json)
        return NO if options.verb == "check" else WRONG
    except CommandError as error:
        print(f"policies: {error}", file=sys.stderr)
        return WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="policies", description="Check policy documents, and ask what they decide."
    )
    parser.add_argument("--version", action="version", version=f"policies {version('bynokkel')}")
    parser.add_argument("--json", action="store_true", help="one object a line on stdout")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read documents and report every fault")
    check.add_argument("--at", help="the instant that lapsing day lists are told for; else now")
    ask = verbs.add_parser("decide", help="decide one access request")
    ask.add_argument("person", help="as people.yaml names them")
    ask.add_argument("access_point", help="such as torshov/entrance/main")
    ask.add_argument("--at", required=True, help="an instant such as 2026-10-14T17:00:00Z")
    ask.add_argument("--action", choices=tuple(ACTION_NAMES), default="open")
    ask.add_argument("--people", required=True, type=Path, metavar="FILE")
    for verb in (check, ask):
        verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
        verb.add_argument("--places", required=True, type=Path, metavar="FILE")
        verb.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    return parser


def _check(options: argparse.Namespace) -> int:
    at = _instant(options.at or instant_text(Instant(int(datetime.now(UTC).timestamp()))))
    places = _read_places(options.places)
    policies = load_policies(_texts(options.files), places, norwegian_holidays())
    for warning in lapsing_day_lists(policies, local_day(at, places.tenant.time_zone)):
        if options.json:
            print(json.dumps({"event": "warning", **_told_fault(warning)}))
        print(f"warning: {warning}", file=sys.stderr)
    if options.json:
        print(json.dumps({"checked": len(options.files), "faults": 0}))
    noun = "document" if len(options.files) == 1 else "documents"
    print(f"{len(options.files)} {noun}, no faults", file=_for_people(options.json))
    return YES


def _decide(options: argparse.Namespace) -> int:
    at = _instant(options.at)
    places = _read_places(options.places)
    people = parse_people(_text(options.people), str(options.people), places)
    policies = load_policies(_texts(options.files), places, norwegian_holidays())
    subject = people.get(PersonId(options.person))
    if subject is None:
        raise CommandError(f"expected a person of {options.people}, got {options.person!r}")
    point = places.by_id.get(AccessPointId(options.access_point))
    if point is None:
        raise CommandError(
            f"expected an access point of {options.places}, got {options.access_point!r}"
        )
    decision = decide(policies, subject, point.number, ACTION_NAMES[options.action], at)
    if options.json:
        print(json.dumps(_told(decision)))
    print(_sentences(decision, places, at), file=_for_people(options.json))
    return YES if decision.permitted else NO


def _told(decision: Decision) -> dict[str, object]:
    return {
        "permitted": decision.permitted,
        "reason": decision.reason,
        "rule": decision.rule,
        "until": None if decision.until is None else instant_text(decision.until),
        "opens_at": None if decision.opens_at is None else instant_text(decision.opens_at),
    }


def _sentences(decision: Decision, places: Places, at: Instant) -> str:
    said = [reason_sentence(decision, Language.ENGLISH, places)]
    if decision.opens_at is not None:
        zone = places.tenant.time_zone
        said.append(opening_sentence(decision.opens_at, at, Language.ENGLISH, zone))
    word = "yes" if decision.permitted else f"no ({decision.reason}, {decision.rule or 'no rule'})"
    return f"{word}: {' '.join(said)}"


def _for_people(as_json: bool) -> TextIO:
    return sys.stderr if as_json else sys.stdout


def _read_places(path: Path) -> Places:
    return parse_places(_text(path), str(path))


def _texts(paths: Sequence[Path]) -> dict[str, str]:
    return {str(path): _text(path) for path in paths}


def _text(path: Path) -> str:
    try:
        written = path.read_bytes()
    except OSError as error:
        raise CommandError(f"expected to read {path}, got: {error.strerror}") from None
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        sentence = f"expected UTF-8 text, got the byte 0x{written[error.start]:02x}"
        raise PolicyError([Fault(str(path), line, "", sentence)]) from None


def _instant(text: str) -> Instant:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _tell_faults(faults: Sequence[Fault], as_json: bool) -> None:
    for fault in faults:
        if as_json:
            print(json.dumps(_told_fault(fault)))
        print(fault, file=sys.stderr)


def _told_fault(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "key": fault.path,
        "sentence": fault.sentence,
    }


if __name__ == "__main__":
    sys.exit(main())
