"""Instants as people give and read them: local time, and which instant is meant.

Rules kept here (policies.md, "Time"):
- an instant is given as RFC 3339 with `Z`, or as a local date-time of the tenant, which is then
  *the first instant whose wall clock reads at least that*; where the clock shows it twice or
  skips it, that is said;
- a window belongs to the day it starts, and names the day of its end where that is another one.

Pure.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from policies.grant import Window
from policies.schedule import DAY, start_of_day
from policies.verbs.legible import unbroken
from policies.vocabulary import Instant, instant_text

NEVER_TEXT = "–"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment_text(at: Instant, zone: ZoneInfo, given: str = "") -> str:
    """`Wed 14 Oct 2026 19:00 (2026-10-14T17:00:00Z)`, with a remark where the clock is changed.

    `given` is how a person wrote it.
    """
    local = _local(at, zone)
    said = f"{day_text(local.date())} {local.year} {_time_text(local)} ({instant_text(at)})"
    shown = f"{local:%Y-%m-%dT%H:%M}"
    if "T" in given and not given.endswith(("Z", "T24:00")) and given != shown:
        return f"{said}: the clock skips {given.partition('T')[2]} that night"
    if local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset():
        which = "first" if local.fold == 0 else "second"
        return f"{said}: the {which} of the two times the clock shows {_time_text(local)}"
    return said


def local_text(at: Instant, zone: ZoneInfo, near: Instant | None = None) -> str:
    """`Wed 14 Oct 19:00`; with the year unless it is that of `near`."""
    local = _local(at, zone)
    is_near = near is not None and _local(near, zone).year == local.year
    year = "" if is_near else f" {local.year}"
    return f"{day_text(local.date())}{year} {_time_text(local)}"


def day_text(day: date) -> str:
    """`Wed 14 Oct`."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def windows_text(windows: Sequence[Window], zone: ZoneInfo) -> str:
    """`Wed 14 Oct 18:00–22:00, Thu 15 Oct 07:00–10:00`; `–` for none. No window is broken."""
    return _by_day(windows, zone, day_text)


def day_windows_text(windows: Sequence[Window], zone: ZoneInfo) -> str:
    """`Wed 18:00–22:00, Thu 07:00–10:00`, where only a few days are spoken of; empty for none."""
    return _by_day(windows, zone, lambda day: _WEEKDAYS[day.weekday()]) if windows else ""


def _by_day(windows: Sequence[Window], zone: ZoneInfo, named: Callable[[date], str]) -> str:
    said: list[str] = []
    last: date | None = None
    for window in windows:
        day = _local(window.start, zone).date()
        hours = hours_text(window, zone)
        said.append(unbroken(hours if day == last else f"{named(day)} {hours}"))
        last = day
    return ", ".join(said) or NEVER_TEXT


def hours_text(window: Window, zone: ZoneInfo) -> str:
    """`18:00–22:00`; the day of the end is named where it is another: `20:00–Sat 1 May 02:30`.

    Where the clock is changed within, how long it lasts is said as well.
    """
    start, end = _local(window.start, zone), _local(window.end, zone)
    if end.date() == start.date():
        said = f"{_time_text(start)}–{_time_text(end)}"
    elif window.end == start_of_day(start.date() + DAY, zone):
        said = f"{_time_text(start)}–24:00"
    else:
        said = f"{_time_text(start)}–{day_text(end.date())} {_time_text(end)}"
    if start.utcoffset() != end.utcoffset():
        said += f" ({duration_text(window.end - window.start)})"
    return said


def duration_text(seconds: int) -> str:
    """`30 s`, `15 min`, `8 h`, `1 h 30 min`."""
    if seconds % 60:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // 60, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
    return " ".join(part for part in parts if part)


def told_windows(windows: Sequence[Window]) -> list[dict[str, str]]:
    """Windows as programs read them."""
    return [{"start": instant_text(w.start), "end": instant_text(w.end)} for w in windows]


def clock_change(day: date, zone: ZoneInfo) -> timedelta:
    """By how much the clock of `zone` is put forward (or back, below zero) within `day`."""
    length = start_of_day(day + DAY, zone) - start_of_day(day, zone)
    return DAY - timedelta(seconds=length)


def _local(at: Instant, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


def _time_text(local: datetime) -> str:
    seconds = f":{local.second:02}" if local.second else ""
    return f"{local.hour:02}:{local.minute:02}{seconds}"
