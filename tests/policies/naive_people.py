"""What registers tell of a person, for the naive oracle: conditions at one instant.

A person is what people.yaml writes, with two keys more: `unknown`, the kinds whose register could
not be read, and `fresh`, the instant or local date-time up to which the register of a kind tells.
Facts and registers are in the tenant's zone, Oslo; ages in the document's. A record is what
records.yaml writes, or None where nobody can tell which there are. An answer is
(surely, possibly). Slow and plain on purpose.
"""

from datetime import date

from tests.policies.naive_hours import (
    NO,
    UNSURE,
    YES,
    Doc,
    Told,
    both,
    either,
    has_come,
    highest_wall_time,
    within,
)

TENANT_ZONE = "Europe/Oslo"
RECORD_KINDS = ("booking", "assigned")


def condition_at(condition: Doc, person: Doc, t: int, zone: str, record: Doc | None = None) -> Told:
    """A condition of a person at the instant t; its record is the one the rule is read for."""
    if "all" in condition:
        told = YES
        for part in condition["all"]:
            told = both(told, condition_at(part, person, t, zone, record))
        return told
    if "any" in condition:
        told = NO
        for part in condition["any"]:
            told = either(told, condition_at(part, person, t, zone, record))
        return told
    if any(kind in condition for kind in RECORD_KINDS):
        return part_in(record, condition.get("as"), person)
    if "age" in condition:
        return age_at(condition["age"], person, t, zone)
    if "terms" in condition:
        told = accepted_at("terms", condition["terms"], person, t)
        if "guardian" in condition:
            grown = age_at(condition["guardian"] + "+", person, t, zone)
            guardian = accepted_at("guardian", condition["terms"], person, t)
            told = both(told, either(grown, guardian))
        return told
    ((kind, wanted),) = condition.items()
    if is_unknown(kind, person, t):
        return UNSURE
    for value in values_at(kind, person, t):
        if value == wanted or value.startswith(wanted + "/"):
            return YES
        if kind == "resident" and wanted == "municipality":
            return YES
    return NO


def part_in(record: Doc | None, roles: str | list[str] | None, person: Doc) -> Told:
    """Whether the person has a part in the record, in one of `roles` or in any."""
    if record is None:
        return UNSURE
    wanted = [roles] if isinstance(roles, str) else roles
    for part in record["people"]:
        if part["person"] == person.get("id", "kari") and (not wanted or part["as"] in wanted):
            return YES
    return NO


def is_unknown(kind: str, person: Doc, t: int) -> bool:
    """Whether the register of this kind was not read, or tells no longer."""
    fresh = person.get("fresh", {})
    return kind in person.get("unknown", ()) or (
        kind in fresh and has_come(fresh[kind], t, TENANT_ZONE)
    )


def values_at(kind: str, person: Doc, t: int) -> list[str]:
    """The values of the facts of one kind that hold at t."""
    facts = [fact for fact in person.get("facts", []) if fact["kind"] == kind]
    return [fact["value"] for fact in facts if within(fact, t, TENANT_ZONE)]


def accepted_at(kind: str, wanted: str, person: Doc, t: int) -> Told:
    """Terms in that version or a later one."""
    if is_unknown(kind, person, t):
        return UNSURE
    name, _, version = wanted.rpartition("-")
    for value in values_at(kind, person, t):
        accepted_name, _, accepted_version = value.rpartition("-")
        if accepted_name == name and int(accepted_version) >= int(version):
            return YES
    return NO


def age_at(wanted: str, person: Doc, t: int, zone: str) -> Told:
    """An age from the birth date, else from what is attested."""
    if is_unknown("age", person, t):
        return UNSURE
    lowest, _, highest = wanted.rstrip("+").partition("-")
    if "born" in person:
        born, today = date.fromisoformat(person["born"]), highest_wall_time(t, zone).date()
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        holds = int(lowest) <= age and (not highest or age <= int(highest))
        return (holds, holds)
    attested = [int(value.rstrip("+")) for value in values_at("age", person, t)]
    surely = not highest and any(years >= int(lowest) for years in attested)
    too_old = bool(highest) and any(years > int(highest) for years in attested)
    return surely, not too_old
