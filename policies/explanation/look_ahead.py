"""How far ahead an answer is looked for, and the reading of the stretches up to there.

The look-ahead is read in stretches, short ones first, since most answers lie near; where no rule
may apply before a later day (`policies.explanation.waking`), the next stretch begins with that day.
Pure.
"""

from collections.abc import Callable, Iterator, Sequence

from policies.compiled import CompiledRule, DoorClass
from policies.conditions import Person
from policies.explanation.waking import wakes_at, wakings
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.reading import LOOK_AHEAD_DAYS, Reading
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Action, Instant
from policies.windows import NEVER, Windows

LOOK_AHEAD_SECONDS = LOOK_AHEAD_DAYS * DAY_SECONDS
"""How far the next opening, and the end of this one, are looked for."""

_FIRST_DAYS, _LONGEST_DAYS = 2, 32
"""How long stretches are: two days, the frame in which hours are kept, then ever longer."""

Read = Callable[[Reading, list[CompiledRule]], Windows]


class LookAhead:
    """One subject's stretches from the instant `at` on; each rule is read once in each of them."""

    def __init__(self, policies: PolicySet, subject: Subject, at: Instant) -> None:
        self._policies = policies
        self._subject = subject
        self.at = at
        self.end = Instant(at + LOOK_AHEAD_SECONDS)
        self._readings: dict[Window, Reading] = {}
        self._person = Person(subject, Window(at, self.end))
        self._wakes: dict[CompiledRule, Instant] = {}

    def first_of(self, rules: Sequence[CompiledRule], read: Read) -> Window | None:
        """The first window of `read`, whole within the look-ahead; None where there is none.

        `read` is given, for each stretch, those of `rules` that may apply within it.
        """
        found: Window | None = None
        for reading, awake in self._stretches(rules):
            if found is not None and reading.span.start > found.end:
                break
            windows = read(reading, awake)
            if found is None and windows:
                found = windows[0]
            elif found is not None and windows and windows[0].start == found.end:
                found = Window(found.start, windows[0].end)
            if found is not None and found.end < reading.span.end:
                break
        return found

    def first_given(
        self,
        door: DoorClass,
        point: AccessPointNumber,
        action: Action,
        denies: Sequence[CompiledRule],
    ) -> Window | None:
        """The first window in which `action` is granted at `point`, where `denies` are all."""

        def given(reading: Reading, allows: list[CompiledRule]) -> Windows:
            whole = (reading.span,)
            if any(reading.read(rule, point).possibly == whole for rule in denies):
                return NEVER
            return reading.given(allows, denies, point)

        return self.first_of(door.allows[action], given)

    def first_applying(
        self, rules: Sequence[CompiledRule], point: AccessPointNumber
    ) -> CompiledRule | None:
        """The rule of `rules` that alone applies first, by order if two do; None if none."""
        first: tuple[Instant, int] | None = None
        for place in sorted(range(len(rules)), key=lambda place: self._wakes_at(rules[place])):
            if first is not None and self._wakes_at(rules[place]) > first[0]:
                break
            window = self.first_of((rules[place],), _read_surely(point))
            if window is not None and (first is None or (window.start, place) < first):
                first = window.start, place
        return None if first is None else rules[first[1]]

    def _stretches(
        self, rules: Sequence[CompiledRule]
    ) -> Iterator[tuple[Reading, list[CompiledRule]]]:
        """The stretches in which a rule may apply, each with those that may."""
        wakes = sorted((self._wakes_at(rule), place) for place, rule in enumerate(rules))
        start, days = self.at, _FIRST_DAYS
        while wakes and start < self.end:
            if wakes[0][0] > start:
                start, days = wakes[0][0], _FIRST_DAYS
                if start >= self.end:
                    return
            day = start - start % DAY_SECONDS
            end = min(Instant(day + days * DAY_SECONDS), self.end)
            awake = sorted(place for wake, place in wakes if wake < end)
            yield self._reading(Window(start, end)), [rules[place] for place in awake]
            start, days = end, min(2 * days, _LONGEST_DAYS)

    def _reading(self, span: Window) -> Reading:
        reading = self._readings.get(span)
        if reading is None:
            records = self._policies.records
            reading = self._readings[span] = Reading(self._subject, span, records)
        return reading

    def _wakes_at(self, rule: CompiledRule) -> Instant:
        wakes = self._wakes.get(rule)
        if wakes is None:
            kept = self._policies.derived(wakings)
            wakes = self._wakes[rule] = wakes_at(kept, rule, self._person)
        return wakes


def _read_surely(point: AccessPointNumber) -> Read:
    """What the one rule given surely is read to give at `point`."""

    def surely(reading: Reading, awake: list[CompiledRule]) -> Windows:
        return reading.read(awake[0], point).surely

    return surely
