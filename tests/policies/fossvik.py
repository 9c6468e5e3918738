"""The municipality of the 25 situations, and how a table asks what its documents decide.

A table has one question a line: person, access point, local time in Oslo (the first showing, unless
an offset is written), and the answer, which is `yes`, `unlocked`, `yes+unlocked` or the reason that
is told. After it may stand `if=WORD` for each thing that windows do not hold, `action=WORD`, and a
comment.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import policies
from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.documents.record_file import parse_records
from policies.engine import decide
from policies.explanation.explaining import explain
from policies.model import PolicySet, Subject
from policies.places import AccessPoint
from policies.public_holidays import norwegian_holidays
from policies.vocabulary import ACTION_NAMES, AccessPointId, Action, Instant, PersonId

FOLDER = Path(policies.__file__).parent / "examples" / "situations"
OSLO = ZoneInfo("Europe/Oslo")
HOLIDAYS = norwegian_holidays()

DOCUMENTS = {int(path.name[:2]): path for path in sorted(FOLDER.glob("[0-9][0-9]-*.yaml"))}
"""The document of each situation by its number."""

PLACES = parse_places((FOLDER / "places.yaml").read_text(), "places.yaml")
PEOPLE = parse_people((FOLDER / "people.yaml").read_text(), "people.yaml", PLACES)
RECORD_FILE = parse_records(
    (FOLDER / "records.yaml").read_text(), "records.yaml", PLACES, frozenset(PEOPLE)
)


def load(situation: int) -> PolicySet:
    """The document of one situation alone, with the records of all."""
    path = DOCUMENTS[situation]
    return load_policies({path.name: path.read_text()}, PLACES, HOLIDAYS, RECORD_FILE.records)


LOADED = {situation: load(situation) for situation in DOCUMENTS}


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a table."""

    situation: int
    person: str
    point: str
    local: str
    answer: str
    conditions: frozenset[str]
    action: Action

    def __str__(self) -> str:
        """The name of the test."""
        return f"{self.situation}-{self.person}-{self.point}-{self.local}-{self.answer}"


def table(situation: int, written: str) -> tuple[Asked, ...]:
    """The lines of a table, in order."""
    lines = (line.partition("#")[0].split() for line in written.splitlines())
    return tuple(_asked(situation, words) for words in lines if words)


def _asked(situation: int, words: list[str]) -> Asked:
    person, point, local, answer, *options = words
    action = [word.removeprefix("action=") for word in options if word.startswith("action=")]
    conditions = frozenset(w.removeprefix("if=") for w in options if w.startswith("if="))
    if len(action) + len(conditions) != len(options):
        raise ValueError(f"expected if= and action= after the answer, got {options}")
    return Asked(
        situation, person, point, local, answer, conditions,
        ACTION_NAMES[action[0]] if action else Action.OPEN,
    )  # fmt: skip


def at(local: str) -> Instant:
    """The instant of a local time in Oslo, or of one with its offset."""
    written = datetime.fromisoformat(local)
    return Instant(int((written if written.tzinfo else written.replace(tzinfo=OSLO)).timestamp()))


def person(name: str) -> Subject:
    """Somebody of Fossvik."""
    return PEOPLE[PersonId(name)]


def point(path: str) -> AccessPoint:
    """An access point of Fossvik."""
    return PLACES.by_id[AccessPointId(path)]


def answer(asked: Asked) -> tuple[str, frozenset[str]]:
    """What is decided, in the words of the table, and what windows do not hold."""
    decided = (
        LOADED[asked.situation], person(asked.person), point(asked.point).number,
        asked.action, at(asked.local),
    )  # fmt: skip
    decision, explanation = decide(*decided), explain(*decided)
    if (decision.permitted, decision.stands_unlocked) != (
        explanation.permitted, explanation.stands_unlocked,
    ):  # fmt: skip
        raise ValueError(f"expected one answer, got {decision} and {explanation}")
    conditions = frozenset(proviso.kind.value for proviso in decision.subject_to)
    given = ["yes"] * decision.permitted + ["unlocked"] * decision.stands_unlocked
    return "+".join(given) or explanation.reason, conditions
