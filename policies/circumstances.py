"""Circumstances: what is known only when a credential is asked for, or at the door.

Rules kept here (policies.md, "What windows do not hold", "Deny, except, unlock"):
- a switch that was not read counts as on;
- visits are counted in civil periods of the rule's zone: a day, a week from Monday, a month or a
  year;
- `after` waits until somebody who then meets the condition has opened at that access point
  (`policies.unlocking` says which openings count).

Windows never hold any of it; `policies.granting` and `policies.unlocking` apply it. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from policies.grant import Window
from policies.manner import Period
from policies.model import Rule, Subject
from policies.schedule import DAY, local_day, start_of_day
from policies.vocabulary import AccessPointNumber, Instant, RuleId


class RuleName(NamedTuple):
    """A rule in its tenant: the place of its document, as written, and its id there."""

    place: str
    rule: RuleId


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody opened at the instant `at`, as the registers tell of them."""

    subject: Subject
    at: Instant


_NO_SWITCHES: Mapping[str, bool] = MappingProxyType({})
_NO_VISITS: Mapping[RuleName, int] = MappingProxyType({})
_NOBODY: Mapping[AccessPointNumber, tuple[Opened, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The state of things around one asking.

    `switches` are those that were read, and whether each is on. `visits` are those counted in the
    period of now, for this person or household as the rule says; a rule not in it has none.
    `opened` are the openings reported at each access point; None where `after` is not asked about,
    and counts as met: of what is out already.
    """

    switches: Mapping[str, bool] = field(default_factory=lambda: _NO_SWITCHES)
    visits: Mapping[RuleName, int] = field(default_factory=lambda: _NO_VISITS)
    opened: Mapping[AccessPointNumber, tuple[Opened, ...]] | None = field(
        default_factory=lambda: _NOBODY
    )

    def is_on(self, switch: str) -> bool:
        """Whether `switch` counts as on."""
        return self.switches.get(switch, True)

    def has_visits_left(self, name: RuleName, rule: Rule) -> bool:
        """Whether one more visit is within the limits of `rule`; so it is where it has none."""
        if rule.limits is None or rule.limits.visits is None:
            return True
        return self.visits.get(name, 0) < rule.limits.visits.most


def period_of(period: Period, at: Instant, zone: ZoneInfo) -> Window:
    """The period that `at` lies in, by the wall clock of `zone`."""
    day = local_day(at, zone)
    match period:
        case Period.DAY:
            first, following = day, day + DAY
        case Period.WEEK:
            first = day - timedelta(days=day.weekday())
            following = first + 7 * DAY
        case Period.MONTH:
            first = day.replace(day=1)
            following = (first + 31 * DAY).replace(day=1)
        case Period.YEAR:
            first, following = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return Window(start_of_day(first, zone), start_of_day(following, zone))
