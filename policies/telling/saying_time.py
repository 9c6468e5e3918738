"""Days, clocks and lengths of time as people of four languages say them.

Names of weekdays and months are those of the Unicode CLDR through Babel, English as in Britain
(day before month, 24 hours). In a Northern Sámi sentence they are inflected ("duorastaga",
"golggotmánu"), which CLDR does not have: those stand here. The order of day, month and year and the
sign between hour and minute are the catalogue's. Pure but for that data.
"""

from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from policies.schedule import DAY, DAY_MINUTES, local_day, start_of_day
from policies.telling.catalogues import Catalogue
from policies.telling.language import Language
from policies.vocabulary import Instant

_HALF_A_YEAR_DAYS = 183

_CLDR_LOCALES = {Language.BOKMAAL: "nb", Language.NYNORSK: "nn", Language.ENGLISH: "en_GB"}
_SAMI_WEEKDAYS = (
    "vuossárgga", "maŋŋebárgga", "gaskavahku", "duorastaga", "bearjadaga", "lávvardaga",
    "sotnabeaivvi",
)  # fmt: skip
_SAMI_MONTHS = (
    "ođđajagimánu", "guovvamánu", "njukčamánu", "cuoŋománu", "miessemánu", "geassemánu",
    "suoidnemánu", "borgemánu", "čakčamánu", "golggotmánu", "skábmamánu", "juovlamánu",
)  # fmt: skip


@cache
def _weekdays(language: Language) -> tuple[str, ...]:
    if language is Language.NORTHERN_SAMI:
        return _SAMI_WEEKDAYS
    names = get_day_names("wide", locale=_CLDR_LOCALES[language])
    return tuple(str(names[day]) for day in range(7))


@cache
def _months(language: Language) -> tuple[str, ...]:
    if language is Language.NORTHERN_SAMI:
        return _SAMI_MONTHS
    names = get_month_names("wide", locale=_CLDR_LOCALES[language])
    return tuple(str(names[month]) for month in range(1, 13))


@cache
def _short_weekdays(language: Language) -> tuple[str, ...]:
    names = get_day_names(
        "abbreviated", context="stand-alone", locale=_CLDR_LOCALES.get(language, "se")
    )
    return tuple(str(names[day]).removesuffix(".") for day in range(7))


@cache
def _short_months(language: Language) -> tuple[str, ...]:
    names = get_month_names("abbreviated", locale=_CLDR_LOCALES.get(language, "se"))
    return tuple(str(names[month]) for month in range(1, 13))


def weekday_text(texts: Catalogue, weekday: int) -> str:
    """The weekday, Monday = 0, as in "on Thursday"."""
    return _weekdays(texts.language)[weekday]


def day_text(texts: Catalogue, day: date, *, with_year: bool = True) -> str:
    """`30. juni 2027`."""
    name = "time.day.year" if with_year else "time.day"
    month = _months(texts.language)[day.month - 1]
    return texts.say(name, day=day.day, month=month, year=day.year)


def is_far(day: date, today: date) -> bool:
    """Whether a day is told with its year: in another year, or half a year away."""
    return day.year != today.year or abs((day - today).days) > _HALF_A_YEAR_DAYS


def weekday_and_day(texts: Catalogue, day: date, today: date) -> str:
    """`mandag 1. mars`; with the year where the day is far."""
    weekday = weekday_text(texts, day.weekday())
    said = day_text(texts, day, with_year=is_far(day, today))
    return texts.say("time.weekday.day", weekday=weekday, day=said)


def short_day(texts: Catalogue, day: date) -> str:
    """`fre 30. apr.`."""
    return texts.say(
        "time.short.day",
        weekday=_short_weekdays(texts.language)[day.weekday()],
        day=day.day,
        month=_short_months(texts.language)[day.month - 1],
    )


def clock_text(texts: Catalogue, minutes: int) -> str:
    """Stated minutes after 00:00: `07.00`; midnight as an end is `24.00`, later the next day's."""
    if minutes > DAY_MINUTES:
        minutes -= DAY_MINUTES
    return texts.say("time.clock", hour=minutes // 60, minute=minutes % 60)


def shown_clock(texts: Catalogue, at: Instant, zone: ZoneInfo) -> str:
    """What the wall clock of `zone` shows at `at`."""
    local = datetime.fromtimestamp(at, zone)
    return clock_text(texts, local.hour * 60 + local.minute)


def time_text(texts: Catalogue, at: Instant, zone: ZoneInfo) -> str:
    """`30. juni 2027`, where the day begins there, else `30. juni 2027 kl. 12.00`."""
    day = local_day(at, zone)
    if start_of_day(day, zone) == at:
        return day_text(texts, day)
    return texts.say("time.at", day=day_text(texts, day), clock=shown_clock(texts, at, zone))


def near_day(texts: Catalogue, at: Instant, now: Instant, zone: ZoneInfo) -> str:
    """`i dag`, `i morgen`, within the week `lørdag`, else `lørdag 1. mars`, said at `now`."""
    day, today = local_day(at, zone), local_day(now, zone)
    match (day - today).days:
        case 0:
            return texts.say("time.today")
        case 1:
            return texts.say("time.tomorrow")
        case days if 1 < days < 7:
            return weekday_text(texts, day.weekday())
        case _:
            return weekday_and_day(texts, day, today)


def near_time_text(texts: Catalogue, at: Instant, now: Instant, zone: ZoneInfo) -> str:
    """`i dag kl. 18.00`, `lørdag kl. 07.00` or `mandag 1. mars kl. 07.00`, said at `now`."""
    day = near_day(texts, at, now, zone)
    return texts.say("time.at", day=day, clock=shown_clock(texts, at, zone))


def last_day(end: Instant, zone: ZoneInfo) -> date | None:
    """The day that `end` is the end of; None where it ends within a day."""
    day = local_day(end, zone)
    return day - DAY if start_of_day(day, zone) == end else None


def elapsed_text(texts: Catalogue, seconds: int) -> str:
    """`15 min`, `8 timer`, `30 sekunder`: the largest unit that tells it whole."""
    if seconds % 3600 == 0:
        return texts.count("time.hours", seconds // 3600)
    if seconds % 60 == 0:
        return texts.count("time.minutes", seconds // 60)
    return texts.count("time.seconds", seconds)
