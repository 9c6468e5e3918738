"""The rules as Cedar policies (www.cedarpolicy.com), for those who know it and as a second opinion.

Rules kept here:
- the text and a small set of facts decide alone. The caller gives plain facts of the instant (the
  local date, its weekday, the minute of the day); hours, seasons, holidays and nights across
  midnight are spelled out in the policies (`policies.cedar.hours`);
- civil time is W(t), the highest wall time shown up to the instant: a caller that gives the bare
  wall clock errs on the night the clocks go back;
- what is unknown is an attribute left out. A permit asks for it with `has` and fails; a forbid
  holds without it. Cedar skips a policy that errs, a forbid too, so nothing here may err: one
  forbid of everything holds where the context is not whole;
- a rule that mentions a record is written once for each record, as the records stood.

Told in comments only, since Cedar answers about one instant and knows no credential: `limits`,
`with` but for its actions, and the `after` of an unlock. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from policies.cedar.conditions import Wording, text
from policies.cedar.hours import local, none_of
from policies.compiled import record_named, record_times
from policies.model import Anyone, Document, Effect, PolicySet, Rule
from policies.policy_set import points_of
from policies.records import Record, RecordName, records_of
from policies.vocabulary import AccessPointNumber, Action, Instant

STAND_UNLOCKED = "stand_unlocked"
"""The action that asks whether a door stands unlocked; any person may be its principal."""
DAY_ATTRIBUTES = ("date", "month_day", "weekday", "easter", "holiday")

_HEAD = f"""\
// What may open which door, exported from the policy documents; see docs/policies.md.
//
// principal  Person. Attributes, each left out where nobody can tell:
//            born (YYYYMMDD), else attested (the highest age attested); members, roles, lists,
//            residences (sets of the paths that hold now, with every path above them);
//            terms, guardian (records: name of the terms -> highest version accepted now)
// action     open, hold_open, lock, light; {STAND_UNLOCKED}: does the door stand unlocked?
// resource   Place::"door:…", within the zone:…, building:… and municipality it lies in
// context    now: seconds since 1970-01-01T00:00:00Z
//            switches_off: the switches known to be off; any other counts as on
//            local["ZONE"]: wall (YYYYMMDDhhmm), minute (of the day), today, yesterday
//            today, yesterday: date (YYYYMMDD), month_day (MMDD), weekday (1 is Monday), easter
//            (days after the nearest Easter Sunday), holiday (is it a public holiday?)
//
// Local time is the highest wall time shown up to now, not the bare wall clock. Give the requests
// with the schema: a value of another type than said is then refused.
"""


def export_cedar(policies: PolicySet, point: AccessPointNumber | None = None) -> str:
    """The policies as Cedar text; of the rules that may speak for `point` only, where given."""
    blocks = [_HEAD, _whole_context(policies)]
    for document in policies.documents:
        for rule in document.rules:
            for record in _records(rule, policies):
                points = _points(rule, document, policies, record)
                if not points or (point is not None and point not in points):
                    continue
                doors = [f"door:{policies.places.by_number[p].id}" for p in sorted(points)]
                named = rule.doors if not isinstance(rule.doors, RecordName) else doors
                blocks += _policies(rule, document, [str(place) for place in named], record)
    return "\n".join(blocks)


def time_zones(policies: PolicySet) -> list[str]:
    """The zones whose local time the policies ask for."""
    return sorted({document.zone.key for document in policies.documents})


def _records(rule: Rule, policies: PolicySet) -> Sequence[Record | None]:
    """What `rule` is written for: each record; once, where it mentions none.

    Where its records could not be read, a deny is written once, as it possibly is; an allow is not.
    """
    named = record_named(rule)
    if named is None:
        return (None,)
    if named.kind in policies.records.unread:
        return (None,) if rule.effect is Effect.DENY else ()
    return policies.records.by_name.get(named, ())


def _points(
    rule: Rule, document: Document, policies: PolicySet, record: Record | None
) -> frozenset[AccessPointNumber]:
    records = policies.records if record is None else records_of([record])
    return points_of(rule, document.place, policies.places, records)


def _whole_context(policies: PolicySet) -> str:
    needed = ["context has now", "context has switches_off", "context has local"]
    for zone in time_zones(policies):
        here = local(zone)
        needed.append(f"context.local has {text(zone)}")
        needed += [f"{here} has {name}" for name in ("wall", "minute", "today", "yesterday")]
        needed += [
            f"{here}.{day} has {name}" for day in ("today", "yesterday") for name in DAY_ATTRIBUTES
        ]
    conditions = "\n  && ".join(needed)
    return (
        '@id("whole-context")\nforbid (principal, action, resource)\n'
        f"unless {{\n  {conditions}\n}};\n"
    )


def _policies(
    rule: Rule, document: Document, places: Sequence[str], record: Record | None
) -> Iterator[str]:
    """The policy of a rule; a second for a `deny: anyone`, which ends an unlock as well."""
    name = f"{document.place} {rule.id}" + (f" {record.id}" if record is not None else "")
    wording = Wording(rule.zone.key, record, is_sure=rule.effect is not Effect.DENY)
    times = _times(rule, wording)
    who = [wording.of_people(rule.who)]
    if rule.effect is Effect.UNLOCK:
        yield _policy(name, "permit", [STAND_UNLOCKED], places, times, _left_out(rule))
        return
    if rule.effect is Effect.ALLOW:
        actions = [action.name.lower() for action in sorted(rule.manner.actions)]
        yield _policy(name, "permit", actions, places, [*times, *who], _left_out(rule))
        return
    if rule.switch is not None:
        times.append(f"!context.switches_off.contains({text(rule.switch)})")
    if rule.lifts is not None:
        who.append(none_of(Wording(rule.zone.key, record, is_sure=True).of_people(rule.lifts)))
    actions = [action.name.lower() for action in Action]
    yield _policy(name, "forbid", actions, places, [*times, *who], ())
    if isinstance(rule.who, Anyone):
        yield _policy(f"{name} unlock", "forbid", [STAND_UNLOCKED], places, times, ())


def _times(rule: Rule, wording: Wording) -> list[str]:
    here = f"{local(wording.zone)}.wall"
    times: list[str] = []
    if rule.start is not None:
        times.append(f"{here} >= {_wall_number(rule, rule.start)}")
    if rule.end is not None:
        times.append(f"{here} < {_wall_number(rule, rule.end)}")
    if wording.record is not None:
        margins = list(record_times(rule))
        early = max((part.early_seconds for part in margins), default=0)
        late = max((part.late_seconds for part in margins), default=0)
        times.append(wording.of_record(early, late))
    return [*times, wording.of_time(rule.when)]


def _wall_number(rule: Rule, at: Instant) -> int:
    """`YYYYMMDDhhmm` of the wall clock; at the first instant of a stated time, that is W(t)."""
    wall = datetime.fromtimestamp(at, rule.zone)
    return int(f"{wall.year:04}{wall:%m%d%H%M}")


def _left_out(rule: Rule) -> Iterator[str]:
    """What the policy leaves to others, as comments."""
    if rule.limits is not None:
        yield "subject to: limits, which count visits or people"
    if rule.manner.two_people_seconds is not None:
        yield f"subject to: a second person within {rule.manner.two_people_seconds} s"
    if rule.after is not None:
        yield "subject to: somebody who meets `after` has opened"


def _policy(
    name: str,
    effect: str,
    actions: Sequence[str],
    places: Sequence[str],
    conditions: Sequence[str],
    comments: Iterable[str],
) -> str:
    listed = ", ".join(f'Action::"{action}"' for action in actions)
    within = " || ".join(f"resource in Place::{text(place)}" for place in places)
    lines = [*(f"// {comment}" for comment in comments), f"@id({text(name)})"]
    lines += [f"{effect} (principal, action in [{listed}], resource)", f"when {{ {within} }}"]
    told = dict.fromkeys(condition for condition in conditions if condition != "true")
    lines += [f"when {{ {condition} }}" for condition in told]
    return "\n".join(lines) + ";\n"
