"""The days of a calendar as rows: the hours that begin on each, and what is unusual about it.

Rules kept here:
- hours belong to the day they start on, whatever runs into the next; only what lasts a day or more
  is cut at midnight;
- a day on which hours possibly but not surely hold is told as unknown, never as closed;
- public holidays are those of the policy set; their names are told where they are known.

Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from policies.calendars import HolidayTable
from policies.compiled import Shared, compile_rule
from policies.grant import Window
from policies.model import Rule
from policies.places import MUNICIPALITY
from policies.reading import times_at
from policies.records import Records
from policies.schedule import DAY, LAST_YEAR, start_of_day
from policies.telling.language import Language
from policies.telling.nights import holiday_name
from policies.verbs.legible import unbroken
from policies.verbs.moments import clock_change, hours_text
from policies.vocabulary import DAY_SECONDS, AccessPointNumber, Instant
from policies.windows import HOLDS_NEVER, Telling, Windows, clip, difference


@dataclass(frozen=True, slots=True)
class DayOf:
    """One day and what is unusual about it; `clock_seconds` is by how much clocks go forward."""

    day: date
    is_holiday: bool
    holiday: str | None
    clock_seconds: int

    @property
    def remark(self) -> str:
        """For people, empty on a usual day."""
        said: list[str] = []
        if self.is_holiday:
            said.append(f"public holiday: {self.holiday}" if self.holiday else "public holiday")
        if self.clock_seconds:
            way = "forward" if self.clock_seconds > 0 else "back"
            hours = 24 - self.clock_seconds / 3600
            said.append(f"clocks go {way}: {hours:g} hours")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class HoursTold:
    """What holds on one day: the windows told under it, and those nobody can tell."""

    surely: Windows
    unknown: Windows

    def text(self, zone: ZoneInfo, nothing: str = "closed") -> str:
        """For people: `07:00–10:00, 18:00–22:00`, `all day`, `closed`, `unknown`."""
        said = [_hours(w, zone) for w in self.surely]
        if self.unknown:
            said.append("otherwise unknown" if said else "unknown")
        return ", ".join(said) or nothing


def days_from(
    first: date, count: int, zone: ZoneInfo, table: HolidayTable, language: Language
) -> Iterator[DayOf]:
    """`count` days from `first` on, none after the last year that rules may speak of."""
    day = first
    while count > 0 and day.year <= LAST_YEAR:
        is_holiday = day in table.days
        yield DayOf(
            day,
            is_holiday,
            holiday_name(day, language) if is_holiday else None,
            int(clock_change(day, zone).total_seconds()),
        )
        day, count = day + DAY, count - 1


def span_of(first: date, count: int, zone: ZoneInfo) -> Window:
    """The span to read so that `count` days can be told: a day longer on both sides."""
    return Window(start_of_day(first - DAY, zone), start_of_day(first + (count + 1) * DAY, zone))


def of_day(told: Telling, day: date, zone: ZoneInfo) -> HoursTold:
    """What of `told` belongs to `day`."""
    unknown = difference(told.possibly, told.surely)
    here = Window(start_of_day(day, zone), start_of_day(day + DAY, zone))
    return HoursTold(tuple(_belonging(told.surely, here)), clip(unknown, here) if unknown else ())


def _belonging(windows: Windows, day: Window) -> Iterator[Window]:
    for window in windows:
        if window.end - window.start < DAY_SECONDS - 3600:
            if day.start <= window.start < day.end:
                yield window
        elif window.start < day.end and day.start < window.end:
            yield Window(Instant(max(window.start, day.start)), Instant(min(window.end, day.end)))


def _hours(window: Window, zone: ZoneInfo) -> str:
    said = hours_text(window, zone)
    return unbroken(said.replace("00:00–24:00", "all day"))


def hours_of_rule(
    rule: Rule, records: Records, span: Window, point: AccessPointNumber | None = None
) -> Telling:
    """When `rule` holds for those it speaks of; of a rule for records, during any of them.

    With `point`, only what it says there.
    """
    ready = compile_rule(rule, MUNICIPALITY, Shared())
    told = HOLDS_NEVER
    for _, of_record in times_at(ready, point, span, records):
        told = told.or_(of_record)
    return told
