"""The decision: may this subject do this here now; until when, or else why not and when next.

What the rules mean is `policies.reading`, which `policies.granting` shares: the law that a grant
permits exactly what is decided is a property test, against an oracle that shares no time code with
either. Which reason is told is `policies.reasons`. Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from policies.grant import Window
from policies.model import PolicySet, Requirement, Rule, Subject
from policies.reading import Reading, allowing
from policies.reasons import tell_reason
from policies.vocabulary import AccessPointNumber, Action, Instant, RuleId
from policies.windows import Windows, contains

LOOK_AHEAD_SECONDS = 400 * 86_400
"""How far the next opening, and the end of this one, are looked for."""

GRANTED = "granted"

_STEPS_SECONDS = (2 * 86_400, *range(30 * 86_400, LOOK_AHEAD_SECONDS, 30 * 86_400))
"""Where the look-ahead is cut: most answers lie within two days, and the rest is then not read."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one access request.

    `reason` is `granted`, a word of `policies.reasons` or the message id of a deny. Granted:
    `rule` is the first that allows it, `until` when the window ends, None beyond the look-ahead.
    Refused: `rule` is the rule the reason is told of, `lacking` its requirement that is not met,
    `opens_at` the next opening with the facts known now (birthdays, ends of exclusions included),
    None if there is none in 400 days.
    """

    permitted: bool
    reason: str
    rule: RuleId | None
    until: Instant | None
    opens_at: Instant | None
    lacking: Requirement | None
    action: Action = Action.OPEN


class Outlook:
    """What one subject may do from the instant `at` on.

    Each rule is read once and no further ahead than an answer needs, however many access points it
    speaks for; so ask one outlook about all the points of a facility.
    """

    def __init__(self, policies: PolicySet, subject: Subject, at: Instant) -> None:
        self._policies = policies
        self._subject = subject
        self._at = at
        self._readings = tuple(
            Reading(subject, Window(Instant(at + start), Instant(at + end)))
            for start, end in pairwise((0, *_STEPS_SECONDS, LOOK_AHEAD_SECONDS))
        )

    def decide(self, point: AccessPointNumber, action: Action) -> Decision:
        """Decide `action` at `point`; raises ValueError for a point the places do not have."""
        rules = self._policies.rules_at.get(point)
        if rules is None:
            raise ValueError(f"expected a known access point, got {point}")
        at = self._at
        first, reading = self._first_window(lambda reading: reading.granted(rules, action))
        if first is not None and first.start <= at:
            until = None if first.end >= at + LOOK_AHEAD_SECONDS else first.end
            given = (r for r in allowing(rules, action) if contains(reading.rule(r).surely, at))
            return Decision(True, GRANTED, next(given).id, until, None, None, action)
        reason = tell_reason(rules, self._subject, action, at, self._opening_first)
        return Decision(
            False,
            reason.word,
            reason.rule.id if reason.rule else None,
            None,
            first.start if first else None,
            reason.lacking,
            action,
        )

    def _opening_first(self, rules: Sequence[Rule]) -> Rule:
        """The rule of `rules` that alone applies first; the first written, where none does."""
        for reading in self._readings:
            starts = [
                (windows[0].start, place)
                for place, rule in enumerate(rules)
                if (windows := reading.rule(rule).surely)
            ]
            if starts:
                return rules[min(starts)[1]]
        return rules[0]

    def _first_window(self, read: Callable[[Reading], Windows]) -> tuple[Window | None, Reading]:
        """The first window of `read`, whole within the look-ahead, and the reading it starts in."""
        found: Window | None = None
        starts_in = self._readings[0]
        for reading in self._readings:
            windows = read(reading)
            if found is None and windows:
                found, starts_in = windows[0], reading
            elif found is not None and windows and windows[0].start == found.end:
                found = Window(found.start, windows[0].end)
            if found is not None and found.end < reading.span.end:
                break
        return found, starts_in


def decide(
    policies: PolicySet,
    subject: Subject,
    point: AccessPointNumber,
    action: Action,
    at: Instant,
) -> Decision:
    """Decide whether `subject` may do `action` at `point` at the instant `at`.

    Raises ValueError for a point the places do not have.
    """
    return Outlook(policies, subject, at).decide(point, action)
