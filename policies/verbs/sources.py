"""The files a verb is given, read into values. Files and the system's date are read here only.

Rules kept here:
- a folder stands for the documents in it: every `*.yaml` but `places.yaml`, `people.yaml` and
  `records.yaml`, by name;
- where no records are given, the registers of records are unread: unknown, not empty;
- a file that is missing, or that is none, is the caller's to mend (exit code 2); one that the
  system will not let us read is the world's (3).
"""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.documents.record_file import RecordFile, parse_records
from policies.documents.source_tree import nearest
from policies.documents.stated import parse_moment
from policies.errors import Fault, PolicyError
from policies.model import PolicySet, Subject
from policies.places import AccessPoint, Places
from policies.public_holidays import norwegian_holidays
from policies.records import UNREAD
from policies.schedule import FIRST_YEAR, LAST_YEAR
from policies.verbs.outcome import WrongCommand
from policies.verbs.progress import under_way
from policies.vocabulary import AccessPointId, Instant, PersonId

NO_DOCUMENTS = frozenset({"places.yaml", "people.yaml", "records.yaml"})

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Town:
    """What a verb was given to read: places, rules, people and records.

    `people` is empty where no file of people was given, `records` None where none of records was.
    """

    places: Places
    policies: PolicySet
    people: Mapping[PersonId, Subject]
    records: RecordFile | None
    files: int
    """How many documents there are."""

    @property
    def switches(self) -> Mapping[str, bool]:
        """What is known of each switch."""
        return {} if self.records is None else self.records.switches


def read_town(options: Namespace) -> Town:
    """The files that `options` name."""
    places = read_places(options.places)
    people = read_people(options.people, places)
    records = read_records(options.records, places, people)
    files = documents_of(options.files)
    return Town(places, read_policies(files, places, records), people, records, len(files))


def read_places(path: Path) -> Places:
    """places.yaml."""
    return parse_places(_text(path), str(path))


def read_people(path: Path | None, places: Places) -> Mapping[PersonId, Subject]:
    """people.yaml; nobody where there is none."""
    if path is None:
        return MappingProxyType({})
    with under_way(f"reading {path}"):
        return parse_people(_text(path), str(path), places)


def read_records(
    path: Path | None, places: Places, people: Mapping[PersonId, Subject]
) -> RecordFile | None:
    """records.yaml; None where there is none. Its people are known where people were read."""
    if path is None:
        return None
    with under_way(f"reading {path}"):
        return parse_records(_text(path), str(path), places, people.keys() or None)


def read_policies(files: Sequence[Path], places: Places, records: RecordFile | None) -> PolicySet:
    """The documents, against the places, the holidays of today's table and the records."""
    texts = {str(path): _text(path) for path in files}
    with under_way(f"reading {len(files)} documents"):
        return load_policies(
            texts, places, norwegian_holidays(), UNREAD if records is None else records.records
        )


def documents_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The documents that `paths` name, folders as what is in them."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(p for p in path.glob("*.yaml") if p.name not in NO_DOCUMENTS)
        if not inside:
            raise WrongCommand(f"expected documents (*.yaml) in {path}, got none")
        found += inside
    return tuple(dict.fromkeys(found))


def the_person(town: Town, name: str, file: Path) -> Subject:
    """The person of that id; a WrongCommand with the nearest one where there is none."""
    return _the(name, PersonId(name), town.people, f"a person of {file}")


def the_access_point(places: Places, name: str, file: Path) -> AccessPoint:
    """The access point of that id; a WrongCommand with the nearest one where there is none."""
    return _the(name, AccessPointId(name), places.by_id, f"an access point of {file}")


Key = TypeVar("Key", bound=str)


def _the(name: str, key: Key, known: Mapping[Key, Value], what: str) -> Value:
    found = known.get(key)
    if found is None:
        raise WrongCommand(f"expected {what}, got {name!r}{nearest(name, known)}")
    return found


def the_moment(text: str | None, places: Places) -> Instant:
    """The instant a person asks about, now where none was given."""
    if text is None:
        return Instant(int(datetime.now(UTC).timestamp()))
    try:
        return parse_moment(text, places.tenant.time_zone)
    except (ValueError, OverflowError):
        raise WrongCommand(
            "expected an instant such as 2026-10-14T17:00:00Z, or a local date-time such as"
            f" 2026-10-14T19:00, from {FIRST_YEAR} through {LAST_YEAR}, got {text!r}"
        ) from None


def _text(path: Path) -> str:
    try:
        written = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise WrongCommand(f"expected to read {path}, got: {error.strerror}") from None
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError as error:
        line = written.count(b"\n", 0, error.start) + 1
        sentence = f"expected UTF-8 text, got the byte 0x{written[error.start]:02x}"
        raise PolicyError([Fault(str(path), line, "", sentence)]) from None
