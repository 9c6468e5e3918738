"""A second opinion, instant by instant, that shares no time code and no algebra with the engine.

It reads the documents as plain dictionaries of texts (what a YAML loader that types nothing would
give), and answers two questions: may this person do this here at the instant t, and does this door
stand unlocked? It speaks of windows as policies.md does: limits, switches, `after` and
`two-people` take nothing from them.

A book is what records.yaml writes, with `unread`: the kinds of record that could not be read. A
rule that mentions a record is asked once for each record of that kind and name, and holds at most
from `early` before to `late` after it.

An answer is (surely, possibly). Civil time and calendars are `naive_hours`, conditions
`naive_people`. Slow and plain on purpose; nothing here is to be optimised.
"""

from typing import Any

from tests.policies.naive_hours import (
    NO,
    UNSURE,
    YES,
    Doc,
    Told,
    both,
    either,
    has_come,
    is_past,
    opening_at,
    within,
)
from tests.policies.naive_people import RECORD_KINDS, TENANT_ZONE, condition_at

UNREAD: Doc = {"records": [], "unread": list(RECORD_KINDS)}
"""No record was read."""
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def permitted(
    docs: list[Doc], person: Doc, door: str, action: str, t: int, book: Doc = UNREAD
) -> bool:
    """Whether the documents grant `action` at the access point `door` at the instant `t`."""
    granted = False
    for doc in docs:
        for rule in doc["policies"]:
            if "unlock" in rule or "active" in rule:
                continue
            told = rule_at(doc, rule, person, door, t, book)
            if "deny" in rule and told[1]:
                return False
            actions = rule.get("with", {}).get("actions", ["open"])
            granted = granted or ("allow" in rule and action in actions and told[0])
    return granted


def stands_unlocked(docs: list[Doc], door: str, t: int, book: Doc = UNREAD) -> bool:
    """Whether the door stands unlocked at `t`: only `deny: anyone` ends it, whatever it excepts."""
    unlocked = False
    for doc in docs:
        for rule in doc["policies"]:
            if rule.get("deny") == "anyone" and "active" not in rule:
                if rule_at(doc, rule, None, door, t, book)[1]:
                    return False
            elif "unlock" in rule:
                unlocked = unlocked or rule_at(doc, rule, None, door, t, book)[0]
    return unlocked


def rule_at(doc: Doc, rule: Doc, person: Doc | None, door: str, t: int, book: Doc) -> Told:
    """The rule at the door at the instant t, its `except` taken off if it is about a person."""
    named = mentioned(rule)
    if named is None:
        return read_for(doc, rule, person, door, t, None)
    kind, name = named
    if kind in book["unread"]:
        return both(UNSURE, read_for(doc, rule, person, door, t, None))
    told = NO
    for record in book["records"]:
        if (record["kind"], record["name"]) == (kind, name):
            told = either(told, read_for(doc, rule, person, door, t, record))
    return told


def mentioned(written: Any) -> tuple[str, str] | None:
    """The kind and name of the record that is spoken of anywhere in a rule."""
    if isinstance(written, list):
        return next((named for part in written if (named := mentioned(part))), None)
    if not isinstance(written, dict):
        return None
    for kind in RECORD_KINDS:
        if kind in written:
            return kind, written[kind].removesuffix(".door")
    return mentioned(list(written.values()))


def read_for(
    doc: Doc, rule: Doc, person: Doc | None, door: str, t: int, record: Doc | None
) -> Told:
    """The rule as it reads for one record, or for none."""
    zone = doc["time_zone"]
    if not speaks_for(rule["doors"], door, doc["for"], record) or not within(rule, t, zone):
        return NO
    if record is not None and not surrounds(record, greatest(rule, "early"),
                                            greatest(rule, "late"), t):  # fmt: skip
        return NO
    told = when_at(doc, rule.get("during", "always"), t, record)
    if person is None:
        return told
    who = rule["allow"] if "allow" in rule else rule["deny"]
    if who != "anyone":
        told = both(told, condition_at(who, person, t, zone, record))
    if "except" in rule:
        lifted = condition_at(rule["except"], person, t, zone, record)
        told = told[0] and not lifted[1], told[1] and not lifted[0]
    return told


def speaks_for(doors: Any, door: str, owned: str, record: Doc | None) -> bool:
    """Whether a rule speaks for `door`: a place of it, or a door of the record beneath `owned`."""
    if isinstance(doors, dict):
        is_named = record is None or door in record["access_points"]
        return is_named and is_at(owned, door)
    return any(is_at(place, door) for place in (doors if isinstance(doors, list) else [doors]))


def is_at(place: str, door: str) -> bool:
    """Whether a place is `door` or above it."""
    if place == "municipality":
        return True
    path = place.split(":")[1].split("/")
    return door.split("/")[: len(path)] == path


def surrounds(record: Doc, early: int, late: int, t: int) -> bool:
    """Whether t lies from `early` seconds before the record to `late` seconds after it."""
    has_begun = has_come(record["start"], t + early, TENANT_ZONE)
    return has_begun and not is_past(record["end"], t - late, TENANT_ZONE)


def greatest(rule: Doc, margin: str) -> int:
    """The greatest `early` or `late` that `during` mentions, in seconds."""
    return max(margins(rule.get("during", "always"), margin))


def margins(when: Any, margin: str) -> list[int]:
    """Every `early` or `late` of a `during`, and nought."""
    if not isinstance(when, dict):
        return [0]
    parts = when.get("all", when.get("any"))
    if parts is not None:
        return [0, *(found for part in parts for found in margins(part, margin))]
    return [0, seconds(when.get(margin, "0s"))]


def seconds(stated: str) -> int:
    """A stated length of time."""
    return int(stated[:-1]) * _SECONDS[stated[-1]]


def when_at(doc: Doc, when: Any, t: int, record: Doc | None = None) -> Told:
    """`during` at the instant t."""
    if when == "always":
        return YES
    if isinstance(when, str):
        calendar, opening = when.split(".")
        return opening_at(doc, doc["calendars"][calendar], opening, t)
    if any(kind in when for kind in RECORD_KINDS):
        if record is None:
            return UNSURE
        early, late = (seconds(when.get(margin, "0s")) for margin in ("early", "late"))
        return YES if surrounds(record, early, late, t) else NO
    told = YES if "all" in when else NO
    for part in when.get("all", when.get("any")):
        combine = both if "all" in when else either
        told = combine(told, when_at(doc, part, t, record))
    return told
