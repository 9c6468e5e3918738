"""What people call the things that rules name: places, and the names in registers.

Rules kept here:
- a place goes by the names of places.yaml: a building by its facility's, a door by its own and its
  facility's; a zone by its doors where they are few;
- a name of a register goes by what the catalogues know it as (`who.role:caretaker`), else as it is
  written: registers have no other names for people.

Texts are marked (`policies.telling.sentences`). Pure but for the catalogues.
"""

from policies.model import Doors
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
    return texts.join("and", [_place(texts, place, places, kind) for place in doors])


def _place(texts: Catalogue, place: Place, places: Places, kind: str) -> str:
    if place == MUNICIPALITY:
        return texts.say(f"{kind}.municipality")
    name = facility_name(place, places)
    if place.kind == "building":
        return texts.say(f"{kind}.building", name=name)
    points = places.beneath.get(str(place), ())
    if not 1 <= len(points) <= _MOST_DOORS_NAMED:
        return texts.say("where.zone", count=len(points), name=name, path=place.path)
    return texts.say(
        "where.points", points=texts.join("and", [point.name for point in points]), name=name
    )


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


def opening_name(texts: Catalogue, opening: str) -> str:
    """What people call an opening of a calendar: `selvbetjent tid`."""
    return called(texts, "hours", opening)
