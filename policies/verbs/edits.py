"""Which rules are not the same before and after an edit, and in what.

Rules kept here:
- rules are compared as values, by document and id: what is only written elsewhere is no change;
- of a calendar only the hours of the openings count that a rule speaks of.

Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.calendars import Calendar
from policies.circumstances import RuleName
from policies.compiled import compiled
from policies.documents.printing import written_rule
from policies.documents.yaml_writing import Written, flow
from policies.model import During, DuringAll, DuringAny, PolicySet, Rule, When


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule that is not the same before and after; None where it was, or would be, absent."""

    name: RuleName
    before: Rule | None
    after: Rule | None

    @property
    def change(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def differences(self) -> tuple[str, ...]:
        """What differs of a changed rule: `with: {life: 8h}, was {life: 1h}`, `hours of x.y`."""
        if self.before is None or self.after is None:
            return ()
        old, new = written_rule(self.before), written_rule(self.after)
        said = [
            f"{key}: {_written(new, key)}, was {_written(old, key)}"
            for key in dict.fromkeys((*old, *new))
            if old.get(key) != new.get(key)
        ]
        if self.before.zone != self.after.zone:
            said.append(f"time_zone: {self.after.zone.key}, was {self.before.zone.key}")
        return (*said, *self.hours_changed())

    def hours_changed(self) -> tuple[str, ...]:
        """Of a changed rule, the openings by its name whose hours are not the same."""
        if self.before is None or self.after is None:
            return ()
        was, becomes = _hours(self.before.when), _hours(self.after.when)
        return tuple(
            f"the hours of {name}" for name in was if becomes.get(name, was[name]) != was[name]
        )


def edits_between(before: PolicySet, after: PolicySet) -> Iterator[Edit]:
    """The rules that differ: in the order before, then those added in the order after."""
    old, new = (
        {name: rule.rule for name, rule in policies.derived(compiled).rules.items()}
        for policies in (before, after)
    )
    for name, rule in old.items():
        edit = Edit(name, rule, new.get(name))
        if edit.after is None or (edit.after != rule and edit.differences()):
            yield edit
    for name, rule in new.items():
        if name not in old:
            yield Edit(name, None, rule)


def _written(rule: Mapping[str, Written], key: str) -> str:
    return flow(rule[key]) if key in rule else "not written"


def _hours(when: When) -> dict[str, tuple[object, ...]]:
    """All that the hours of each opening of a rule go by, by the name of the opening."""
    match when:
        case During(calendar, opening, name):
            return {name: _hours_of(calendar, opening)}
        case DuringAll(parts) | DuringAny(parts):
            return {name: hours for part in parts for name, hours in _hours(part).items()}
        case _:
            return {}


def _hours_of(calendar: Calendar, opening: str) -> tuple[object, ...]:
    return (
        calendar.zone,
        calendar.table,
        calendar.weeks[opening],
        calendar.holidays[opening],
        tuple(
            (season.when, season.weeks[opening], (season.holidays or calendar.holidays)[opening])
            for season in calendar.seasons
        ),
        *(
            {day: hours[opening] for day, hours in of_kind.items()}
            for of_kind in (
                calendar.dates.full,
                calendar.dates.from_easter,
                calendar.dates.yearly,
            )
        ),
    )
