"""Policy documents: YAML text to a PolicySet, or every fault with file, line and key path.

Rules kept here (policies.md, "The document"):
- one document per place; it names that place and what lies beneath it, nothing else;
- refused: an unknown key, a key written twice, a dangling name, an empty list, a window of no
  length;
- an id is used once in a document.

Rules are read by `policies.documents.rules`, calendars by `policies.documents.calendars`, small
texts by `policies.documents.stated`; by access point they are set out in `policies.policy_set`.
Pure.
"""

from collections.abc import Mapping

from policies.calendars import Calendar, HolidayTable
from policies.documents.calendars import CalendarContext, read_calendars, read_day_lists
from policies.documents.conditions import RuleContext
from policies.documents.keys import DOCUMENT
from policies.documents.place_file import read_time_zone
from policies.documents.rules import read_place, read_rule
from policies.documents.source_tree import Faults, Node, read_tree
from policies.model import Document, During, NamedDayList, PolicySet, Rule
from policies.places import Places
from policies.policy_set import assemble
from policies.records import UNREAD, Records
from policies.vocabulary import RuleId

MAX_RULES = 2_000
"""In one document."""


def load_policies(
    files: Mapping[str, str],
    places: Places,
    holidays: HolidayTable,
    records: Records = UNREAD,
) -> PolicySet:
    """Read documents (name to text, in the order they count) against `places` and `holidays`.

    Raises PolicyError with every fault found in any of them.
    """
    faults = Faults()
    documents: list[Document] = []
    for file, text in files.items():
        with faults.noted():
            root = read_tree(text, file)
            document = _read_document(root, places, holidays, faults)
            for other in documents:
                if other.place == document.place:
                    raise root.fault(
                        f"expected one document for {document.place}, got {other.file} as well"
                    )
            documents.append(document)
    faults.raise_any()
    return assemble(places, documents, holidays, records)


def parse_document(text: str, file: str, places: Places, holidays: HolidayTable) -> Document:
    """Read one document; raises PolicyError with every fault found in it."""
    (document,) = load_policies({file: text}, places, holidays).documents
    return document


def _read_document(root: Node, places: Places, holidays: HolidayTable, faults: Faults) -> Document:
    fields = root.fields("a document", *DOCUMENT)
    place = read_place(fields["for"], places.beneath)
    zone = read_time_zone(fields["time_zone"])
    before = len(faults.found)
    days = read_day_lists(fields["days"], faults) if "days" in fields else {}
    calendars: Mapping[str, Calendar] = {}
    has_all_lists = len(faults.found) == before
    if "calendars" in fields and has_all_lists:
        calendars = read_calendars(
            fields["calendars"], CalendarContext(zone, holidays, days), faults
        )
    openings = {
        f"{name}.{opening}": During(calendar, opening, f"{name}.{opening}")
        for name, calendar in calendars.items()
        for opening in calendar.openings()
    }
    context = RuleContext(place, zone, places, openings, len(faults.found) == before)
    rules = _read_rules(fields["policies"], context, faults)
    lists = fields["days"].mapping("day lists by name") if "days" in fields else {}
    named = (NamedDayList(name, lists[name].where.line, days[name]) for name in days)
    return Document(root.where.file, place, zone, rules, tuple(named), calendars)


def _read_rules(node: Node, context: RuleContext, faults: Faults) -> tuple[Rule, ...]:
    listed = node.items("rules")
    if len(listed) > MAX_RULES:
        raise node.fault(f"expected at most {MAX_RULES} rules, got {len(listed)}")
    rules: dict[RuleId, Rule] = {}
    for written in listed:
        with faults.noted():
            rule = read_rule(written, context, faults)
            if rule.id and rule.id in rules:
                raise written.fault(f"expected each id once, got {rule.id!r} twice")
            rules[rule.id] = rule
    return tuple(rules.values())
