"""What people call the things that rules name: places, and the names in registers.

Rules kept here:
- a place goes by the names of places.yaml: a building by its facility's, a door by its own and its
  facility's; a zone by its doors where they are few; doors of one facility are told together;
- a name of a register goes by what the catalogues know it as (`who.role:caretaker`), else as it is
  written: registers have no other names for people.

Texts are marked (`policies.telling.sentences`). Pure but for the catalogues.
"""

from itertools import groupby

from policies.model import Doors, During
from policies.places import MUNICIPALITY, Place, Places
from policies.records import RecordName
from policies.telling.catalogues import Catalogue
from policies.vocabulary import FacilityId

_MOST_DOORS_NAMED = 4


def where_text(texts: Catalogue, doors: Doors, places: Places, *, is_denied: bool = False) -> str:
    """The doors a rule speaks for; nobody `is_denied` a building door by door."""
    if isinstance(doors, RecordName):
        return texts.say(f"where.{doors.kind.value}")
    if not doors:
        return texts.say("where.nowhere")
    kind = "where.at" if is_denied else "where"
    said: list[str] = []
    for facility, some in groupby(doors, key=lambda place: _facility_of_doors(place, places)):
        if facility is None:
            said += [_place(texts, place, places, kind) for place in some]
        else:
            points = [point.name for place in some for point in places.beneath[str(place)]]
            names = texts.join("and", list(dict.fromkeys(points)))
            said.append(texts.say("where.points", points=names, name=facility))
    return texts.join("and", said)


def _facility_of_doors(place: Place, places: Places) -> str | None:
    """The facility's name where the doors of `place` are told one by one, else None."""
    few = 1 <= len(places.beneath.get(str(place), ())) <= _MOST_DOORS_NAMED
    is_named = few and place != MUNICIPALITY and place.kind != "building"
    return facility_name(place, places) if is_named else None


def _place(texts: Catalogue, place: Place, places: Places, kind: str) -> str:
    if place == MUNICIPALITY:
        return texts.say(f"{kind}.municipality")
    name = facility_name(place, places)
    if place.kind == "building":
        return texts.say(f"{kind}.building", name=name)
    count = len(places.beneath.get(str(place), ()))
    return texts.say("where.zone", count=count, name=name, path=place.path)


def facility_name(place: Place, places: Places) -> str:
    """What people call the building that `place` lies in."""
    facility = places.facilities.get(FacilityId(place.path.partition("/")[0]))
    return place.path if facility is None else facility.name


def record_name(texts: Catalogue, record: RecordName) -> str:
    """What is booked, or what the assignment is."""
    return called(texts, f"name.{record.kind.value}", record.name)


def called(texts: Catalogue, what: str, name: str) -> str:
    """The text `what` for this very name, or filled in with it."""
    return texts.say(texts.first(f"{what}:{name}", what), name=name)


def opening_name(texts: Catalogue, during: During, shared: frozenset[str]) -> str:
    """What people call an opening of a calendar: `selvbetjent tid`.

    With the name of the calendar where the opening's is among those that are `shared`.
    """
    hours = called(texts, "hours", during.opening)
    if during.opening not in shared:
        return hours
    return texts.say("hours.of", hours=hours, calendar=during.name.rpartition(".")[0])
