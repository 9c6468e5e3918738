"""The command line of `policies`: its verbs, their arguments, and what each is for."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from policies.telling.language import Language
from policies.verbs.asking import decide_request, explain_request
from policies.verbs.cedar import export_documents
from policies.verbs.checking import check_documents
from policies.verbs.comparing import compare_documents
from policies.verbs.hours import show_calendar
from policies.verbs.population import tell_what, tell_who
from policies.vocabulary import ACTION_NAMES

_EXITS = (
    "exit codes: 0 done or yes, 1 the answer is no (or check found faults), 2 a wrong command,"
    " a missing file or a faulty document, 3 the system failed"
)


def parser() -> argparse.ArgumentParser:
    """The parser; what it returns has `verb` and `run`, the function that carries the verb out."""
    top = argparse.ArgumentParser(
        prog="policies",
        description="Check policy documents, and ask what they decide.",
        epilog=_EXITS,
    )
    top.add_argument("--version", action="version", version=f"policies {version('bynokkel')}")
    top.add_argument("--json", action="store_true", help="one object a line on stdout")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    for add in (
        _add_check,
        _add_decide,
        _add_explain,
        _add_who,
        _add_what,
        _add_diff,
        _add_calendar,
        _add_export_cedar,
    ):
        add(verbs)
    return top


if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def _verb(verbs: "Verbs", name: str, purpose: str, more: str = "") -> argparse.ArgumentParser:
    verb = verbs.add_parser(
        name, help=purpose, description=f"{purpose}. {more}".strip(), epilog=_EXITS
    )
    verb.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="one object a line on stdout"
    )
    return verb


def _add_check(verbs: "Verbs") -> None:
    verb = _verb(
        verbs,
        "check",
        "read documents, report every fault, and warn of what staff should look at",
        "With --people it also looks for doors and whole facilities that nobody can open.",
    )
    verb.add_argument(
        "--sentences", action="store_true", help="what each rule says, and its next seven nights"
    )
    _add_at(verb)
    _add_language(verb)
    _add_files(verb, people=False)
    verb.set_defaults(run=check_documents)


def _add_decide(verbs: "Verbs") -> None:
    verb = _verb(verbs, "decide", "decide one access request: yes or no, and for how long")
    _add_request(verb)
    verb.set_defaults(run=decide_request)


def _add_explain(verbs: "Verbs") -> None:
    verb = _verb(verbs, "explain", "why somebody may or may not, rule by rule, and when next")
    _add_request(verb)
    verb.set_defaults(run=explain_request)


def _add_request(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("person", metavar="PERSON", help="as people.yaml names them")
    _add_point(verb)
    _add_at(verb)
    _add_action(verb)
    _add_language(verb)
    _add_files(verb)


def _add_who(verbs: "Verbs") -> None:
    verb = _verb(
        verbs,
        "who",
        "who can open an access point: counts by rule",
        "A count below three is told as fewer than 3.",
    )
    _add_point(verb)
    _add_at(verb)
    _add_action(verb)
    verb.add_argument(
        "--names",
        action="store_true",
        help="list the people's ids; whoever runs this logs that they looked, and why."
        " People with a protected address are counted, never named",
    )
    _add_files(verb)
    verb.set_defaults(run=tell_who)


def _add_what(verbs: "Verbs") -> None:
    verb = _verb(verbs, "what", "what a person can open, now and in the next 24 hours")
    verb.add_argument("person", metavar="PERSON", help="as people.yaml names them")
    _add_at(verb)
    _add_language(verb)
    _add_files(verb)
    verb.set_defaults(run=tell_what)


def _add_diff(verbs: "Verbs") -> None:
    verb = _verb(
        verbs,
        "diff",
        "what an edit changes: the rules, and who gains and who loses which doors",
        "Counted on the people given, over the seven days from the first change, the next public"
        " holiday, the next season change and the next night when clocks change. Exit code 0"
        " whether or not anything changes.",
    )
    verb.add_argument(
        "--before",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help="documents, or a folder of them, as they are",
    )
    verb.add_argument(
        "--after",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help="documents, or a folder of them, as they would be",
    )
    _add_at(verb, "from which on the edit would count")
    _add_language(verb)
    _add_places(verb)
    _add_people(verb, required=True)
    verb.set_defaults(run=compare_documents)


def _add_calendar(verbs: "Verbs") -> None:
    verb = _verb(
        verbs,
        "calendar",
        "the hours of the days to come, with public holidays and changes of the clock",
        "Hours are those of the day they begin on.",
    )
    verb.add_argument(
        "target",
        metavar="CALENDAR.OPENING|ACCESS_POINT|RULE",
        help="such as torshov.staffed, torshov/entrance/main or torshov-open",
    )
    verb.add_argument("--from", dest="first", metavar="DATE", help="the first day, else today")
    verb.add_argument("--days", type=int, default=14, metavar="N", help="how many, else 14")
    verb.add_argument(
        "--opening-hours",
        action="store_true",
        help="the OpenStreetMap opening_hours of an opening instead, where they can be said",
    )
    _add_language(verb)
    _add_documents(verb)
    verb.set_defaults(run=show_calendar, people=None)


def _add_export_cedar(verbs: "Verbs") -> None:
    verb = _verb(verbs, "export-cedar", "the rules in the Cedar language, for those who know it")
    verb.add_argument(
        "--access-point", metavar="ACCESS_POINT", help="only the rules that may speak for it"
    )
    part = verb.add_mutually_exclusive_group()
    part.add_argument("--schema", action="store_true", help="the schema instead of the policies")
    part.add_argument("--entities", action="store_true", help="the places as entities instead")
    _add_documents(verb)
    verb.set_defaults(run=export_documents, people=None)


def _add_point(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("access_point", metavar="ACCESS_POINT", help="such as torshov/entrance/main")


def _add_at(verb: argparse.ArgumentParser, what: str = "that is asked about") -> None:
    verb.add_argument(
        "--at",
        metavar="INSTANT",
        help=f"the instant {what}, else now: 2026-10-14T17:00:00Z, or local: 2026-10-14T19:00",
    )


def _add_action(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--action", choices=tuple(ACTION_NAMES), default="open", help="else open")


def _add_language(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--lang",
        type=_language,
        default=Language.ENGLISH,
        metavar="nb|nn|se|en",
        help="the language of the sentences, else en",
    )


def _add_files(verb: argparse.ArgumentParser, people: bool = True) -> None:
    _add_documents(verb)
    _add_people(verb, people)


def _add_documents(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="documents, or a folder of them"
    )
    _add_places(verb)


def _add_places(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--places", required=True, type=Path, metavar="FILE", help="places.yaml")
    verb.add_argument(
        "--records",
        type=Path,
        metavar="FILE",
        help="records.yaml; without it bookings, assignments and switches are unknown",
    )


def _add_people(verb: argparse.ArgumentParser, required: bool) -> None:
    verb.add_argument("--people", required=required, type=Path, metavar="FILE", help="people.yaml")


def _language(text: str) -> Language:
    try:
        return Language(text)
    except ValueError:
        expected = f"expected {', '.join(Language)}, got {text!r}"
        raise argparse.ArgumentTypeError(expected) from None
