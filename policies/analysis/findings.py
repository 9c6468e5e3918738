"""What checks find in rules and doors before anything is published.

Each finding has a code that stays, and a sentence in English that names rules and places by their
ids; a catalogue may have others under the same code. Values, and no judgement: what to do about a
finding is the writer's. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from policies.circumstances import RuleName
from policies.grant import Window
from policies.places import Places
from policies.vocabulary import AccessPointNumber, FacilityId, instant_text


class Check(StrEnum):
    """What may be found, by the word that programs print."""

    ENDED = "ended"
    NO_HOURS = "no-hours"
    NO_AGE = "no-age"
    ALWAYS_DENIED = "always-denied"
    SHADOWED = "shadowed"
    NO_RULES = "no-rules"
    NOBODY = "nobody"
    LOCKED_OUT = "locked-out"
    CLOSED_TO_ALL = "closed-to-all"
    SWITCH_LOCKS_OUT = "switch-locks-out"
    OPEN_TO_ALL = "open-to-all"
    STANDS_UNLOCKED = "stands-unlocked"


SENTENCES: Mapping[Check, str] = MappingProxyType(
    {
        Check.ENDED: "The rule {rule} has ended and applies no more.",
        Check.NO_HOURS: "The rule {rule} has no hours in the coming 400 days.",
        Check.NO_AGE: "The rule {rule} asks for ages that nobody can have.",
        Check.ALWAYS_DENIED: "The rule {rule} never opens: {by} denies everybody in all its hours.",
        Check.SHADOWED: "The rule {rule} does nothing that {by} does not do.",
        Check.NO_RULES: "No rule speaks for {points}.",
        Check.NOBODY: "Nobody can open {points} in the coming days.",
        Check.LOCKED_OUT: "Nobody can open any door of {facility} in the coming days.",
        Check.CLOSED_TO_ALL: (
            "Nobody at all can open {facility} from {start} to {end}: {rule} has no exception."
        ),
        Check.SWITCH_LOCKS_OUT: (
            "When {rule} is switched on, nobody at all can open {facility}: it has no exception."
        ),
        Check.OPEN_TO_ALL: "Everybody can open {points} around the clock, from {start}: {rule}.",
        Check.STANDS_UNLOCKED: "Unlocked around the clock, from {start}: {points}, by {rule}.",
    }
)
"""The English of each, with the fields of `Finding.fields`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: about a rule and perhaps the rule that is to blame, access points, or all of
    a facility; `window` is when, where that matters."""

    check: Check
    rule: RuleName | None = None
    by: RuleName | None = None
    points: tuple[AccessPointNumber, ...] = ()
    facility: FacilityId | None = None
    window: Window | None = None

    def fields(self, places: Places) -> Mapping[str, str]:
        """What sentences name: `rule`, `by`, `points`, `facility`, `start`, `end`."""
        return {
            "rule": _rule_text(self.rule),
            "by": _rule_text(self.by),
            "points": ", ".join(places.by_number[point].id for point in self.points),
            "facility": self.facility or "",
            "start": instant_text(self.window.start) if self.window else "",
            "end": instant_text(self.window.end) if self.window else "",
        }

    def sentence(self, places: Places) -> str:
        """It in English."""
        return SENTENCES[self.check].format_map(self.fields(places))


def _rule_text(name: RuleName | None) -> str:
    return f"{name.rule} ({name.place})" if name else ""
