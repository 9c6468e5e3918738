"""The next nights of a rule, as staff check them by eye."""

from datetime import date
from typing import Any

import pytest

from policies.telling.language import Language
from policies.telling.nights import Night, holiday_name, next_nights, night_text
from tests.policies import written
from tests.policies.test_explaining_records import booking
from tests.policies.written import Doc, document, instant, rule

NB, NN, SE, EN = Language
CALENDARS = {
    "c": {
        "holidays": {"evening": "closed", "night": "as-weekday"},
        "evening": {"mon-fri": "18:00-24:00"},
        "night": {"fri": "20:00-02:30", "sat": "22:00-06:00"},
        "dates": {"12-24": "closed"},
    }
}


def nights(at: str, count: int = 7, book: Doc | None = None, **keys: Any) -> tuple[Night, ...]:
    policies = written.policies(document(rule(**keys), calendars=CALENDARS), book=book)
    return next_nights(policies, policies.documents[0].rules[0], instant(at), count)


def texts(found: tuple[Night, ...], language: Language = NB) -> list[str]:
    zone = written.PLACES.tenant.time_zone
    return [night_text(night, zone, language) for night in found]


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        (NB, "fre 30. apr. 20.00 – lør 1. mai 02.30",
         "lør 1. mai 22.00 – søn 2. mai 06.00 (arbeidernes dag)"),
        (NN, "fre 30. apr. 20.00 – lau 1. mai 02.30",
         "lau 1. mai 22.00 – søn 2. mai 06.00 (arbeidardagen)"),
        (SE, "bear 30. cuo 20.00 – láv 1. mies 02.30",
         "láv 1. mies 22.00 – sotn 2. mies 06.00 (bargiidbeaivi)"),
        (EN, "Fri 30 Apr 20:00 – Sat 1 May 02:30", "Sat 1 May 22:00 – Sun 2 May 06:00"
         " (Labour Day)"),
    ],
)  # fmt: skip
def test_a_night_is_told_by_both_its_days_and_a_red_day_by_its_name(
    language: Language, first: str, second: str
) -> None:
    found = nights("2027-04-28T12:00", 2, allow="anyone", during="c.night")
    assert texts(found, language) == [first, second]


def test_hours_to_midnight_are_one_day() -> None:
    assert texts(nights("2026-10-14T12:00", 1, allow="anyone", during="c.evening")) == [
        "ons 14. okt. 18.00–24.00"
    ]


def test_a_red_day_that_is_closed_stands_among_the_seven_and_is_not_counted() -> None:
    found = nights("2027-03-23T12:00", 4, allow="anyone", during="c.evening")
    assert texts(found) == [
        "tir 23. mars 18.00–24.00", "ons 24. mars 18.00–24.00",
        "tor 25. mars: stengt (skjærtorsdag)", "fre 26. mars: stengt (langfredag)",
        "man 29. mars: stengt (andre påskedag)", "tir 30. mars 18.00–24.00",
        "ons 31. mars 18.00–24.00",
    ]  # fmt: skip
    assert [night.window is None for night in found].count(False) == 4


def test_a_night_that_has_begun_is_told_whole() -> None:
    found = nights("2027-05-01T00:00", 1, allow="anyone", during="c.night")
    assert texts(found) == ["fre 30. apr. 20.00 – lør 1. mai 02.30"]
    after = nights("2027-05-01T00:30", 1, allow="anyone", during="c.night")
    assert after[0].day == date(2027, 5, 1)


def test_seven_weekly_nights_are_found_and_those_of_a_far_date_too() -> None:
    assert len(nights("2026-10-14T12:00", allow="anyone", during="c.night")) == 7
    late = nights("2026-10-14T12:00", allow="anyone", during="c.night", from_="2027-06-01")
    assert late[0].day == date(2027, 6, 4)


def test_nights_end_with_the_rule() -> None:
    found = nights("2026-10-14T12:00", allow="anyone", during="c.night", until="2026-10-17T23:00")
    assert texts(found) == [
        "fre 16. okt. 20.00 – lør 17. okt. 02.30", "lør 17. okt. 22.00–23.00",
    ]  # fmt: skip


def test_a_rule_without_hours_has_no_nights_but_its_own_validity() -> None:
    assert nights("2026-10-14T12:00", allow="anyone") == ()
    validity: Doc = {"from_": "2026-10-31T02:30", "until": "2026-11-02"}
    bounded = nights("2026-10-14T12:00", deny="anyone", **validity)
    assert texts(bounded) == ["lør 31. okt. 02.30 – man 2. nov. 24.00"]


def test_the_nights_of_a_record_are_those_of_all_its_records() -> None:
    book: Doc = {
        "records": [
            booking(1, "2026-10-16T18:00", "2026-10-16T20:00"),
            booking(2, "2026-10-15T18:00", "2026-10-15T20:00", people=[
                {"person": "ola", "as": "holder"}
            ]),
        ],
        "unread": [],
    }  # fmt: skip
    keys: Doc = {"allow": {"booking": "hall"}, "during": {"booking": "hall", "early": "15m"}}
    assert texts(nights("2026-10-14T12:00", book=book, **keys)) == [
        "tor 15. okt. 17.45–20.00", "fre 16. okt. 17.45–20.00",
    ]  # fmt: skip
    assert nights("2026-10-14T12:00", book={"records": [], "unread": ["booking"]}, **keys) == ()


def test_a_red_day_is_told_of_bookings_that_lie_on_it_alone() -> None:
    keys: Doc = {
        "allow": {"booking": "hall"},
        "during": {"all": [{"booking": "hall"}, "c.evening"]},
    }
    book: Doc = {
        "records": [
            booking(1, "2027-03-26T18:00", "2027-03-26T20:00"),
            booking(2, "2027-04-01T18:00", "2027-04-01T20:00"),
        ],
        "unread": [],
    }
    assert texts(nights("2026-12-14T12:00", book=book, **keys)) == [
        "fre 26. mars: stengt (langfredag)", "tor 1. apr. 18.00–20.00",
    ]  # fmt: skip


def test_clocks_that_change_in_the_night_are_told_as_they_are_shown() -> None:
    found = nights("2027-03-27T12:00", 1, allow="anyone", during="c.night")
    assert texts(found) == ["lør 27. mars 22.00 – søn 28. mars 06.00"]


@pytest.mark.parametrize(
    ("day", "nb", "en"),
    [
        (date(2027, 1, 1), "nyttårsdag", "New Year's Day"),
        (date(2027, 3, 25), "skjærtorsdag", "Maundy Thursday"),
        (date(2027, 3, 26), "langfredag", "Good Friday"),
        (date(2027, 3, 28), "første påskedag", "Easter Sunday"),
        (date(2027, 3, 29), "andre påskedag", "Easter Monday"),
        (date(2027, 5, 1), "arbeidernes dag", "Labour Day"),
        (date(2027, 5, 6), "Kristi himmelfartsdag", "Ascension Day"),
        (date(2027, 5, 16), "første pinsedag", "Whit Sunday"),
        (date(2027, 5, 17), "grunnlovsdagen", "Constitution Day"),
        (date(2027, 12, 25), "første juledag", "Christmas Day"),
        (date(2027, 12, 26), "andre juledag", "Boxing Day"),
        (date(2027, 10, 14), None, None),
    ],
)
def test_a_public_holiday_has_a_name(day: date, nb: str | None, en: str | None) -> None:
    assert (holiday_name(day, NB), holiday_name(day, EN)) == (nb, en)


def test_every_public_holiday_of_the_table_has_a_name_in_every_language() -> None:
    days = sorted(written.HOLIDAYS.days)
    nameless = [day for day in days for language in Language if not holiday_name(day, language)]
    assert nameless == []
