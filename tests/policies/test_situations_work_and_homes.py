"""Situations 15 to 19: what the documents of people at work decide, and of homes."""

import pytest

from policies.grant import Window
from policies.granting import grant_for
from policies.vocabulary import Action, FacilityId, Instant
from tests.policies.fossvik import LOADED, Asked, answer, at, person, point, table

TOWN_HALL = table(
    15,
    """
    karim  radhuset/main     2026-10-14T07:59:59  during
    karim  radhuset/main     2026-10-14T08:00:00  unlocked      if=after
    karim  radhuset/main     2026-10-14T15:29:59  unlocked      if=after
    karim  radhuset/main     2026-10-14T15:30:00  during
    berit  radhuset/main     2026-10-14T07:15:00  yes
    berit  radhuset/main     2026-10-14T08:15:00  yes+unlocked  if=after
    karim  radhuset/main     2026-10-17T10:00:00  during                  # a Saturday
    karim  radhuset/main     2027-03-24T11:59:59  unlocked      if=after  # before Maundy Thursday
    karim  radhuset/main     2027-03-24T12:00:00  during
    karim  radhuset/main     2027-03-25T10:00:00  during
    karim  radhuset/main     2026-12-23T15:29:59  unlocked      if=after
    karim  radhuset/main     2026-12-24T10:00:00  during
    karim  radhuset/main     2026-12-31T10:00:00  during
    berit  radhuset/main     2026-12-24T10:00:00  yes
    karim  radhuset/archive  2026-10-14T10:00:00  role
    """,
)

ELECTRICIAN = table(
    16,
    """
    jan    radhuset/plant-room  2027-04-30T10:00:00  during
    jan    radhuset/plant-room  2027-05-03T06:59:59  during
    jan    radhuset/plant-room  2027-05-03T07:00:00  yes
    jan    renseverket/gate     2027-05-03T15:59:59  yes
    jan    renseverket/gate     2027-05-03T16:00:00  during
    jan    radhuset/plant-room  2027-05-06T10:00:00  during    # Ascension Day
    jan    radhuset/plant-room  2027-05-08T10:00:00  during    # a Saturday
    jan    renseverket/gate     2027-05-14T15:59:59  yes
    jan    renseverket/gate     2027-05-18T10:00:00  assigned  # the order has ended
    jan    arena/plant-room     2027-05-03T10:00:00  no-rule   # not in the order
    jan    radhuset/main        2027-05-03T10:00:00  no-rule
    yusuf  radhuset/plant-room  2027-05-03T10:00:00  assigned
    """,
)

CLEANERS = table(
    17,
    """
    yusuf  lyngen/a/door  2026-10-14T21:59:59        during
    yusuf  lyngen/a/door  2026-10-14T22:00:00        yes
    yusuf  lyngen/b/door  2026-10-15T05:59:59        yes
    yusuf  lyngen/c/door  2026-10-15T06:00:00        during
    yusuf  lyngen/d/door  2026-10-14T23:00:00        no-rule
    karim  lyngen/a/door  2026-10-14T23:00:00        role
    yusuf  lyngen/a/door  2026-12-25T23:00:00        yes      # red days too
    yusuf  lyngen/a/door  2027-05-17T05:59:59        yes
    # the night that is an hour longer, and the one that is an hour shorter
    yusuf  lyngen/a/door  2026-10-25T02:30:00+02:00  yes
    yusuf  lyngen/a/door  2026-10-25T02:30:00+01:00  yes
    yusuf  lyngen/a/door  2026-10-25T05:59:59        yes
    yusuf  lyngen/a/door  2026-10-25T06:00:00        during
    yusuf  lyngen/a/door  2027-03-28T03:00:00        yes
    yusuf  lyngen/a/door  2027-03-28T06:00:00        during
    # the contract ends in the middle of a night
    yusuf  lyngen/a/door  2027-12-31T23:59:59        yes
    yusuf  lyngen/a/door  2028-01-01T00:00:00        role
    """,
)

HOME_CARE = table(
    18,
    """
    anna   dalsveien-31/front      2026-10-14T07:44:59  during
    anna   dalsveien-31/front      2026-10-14T07:45:00  yes
    anna   dalsveien-31/front      2026-10-14T08:59:59  yes
    anna   dalsveien-31/front      2026-10-14T09:00:00  during
    anna   bakkegata-4/flat/h0201  2026-10-14T09:30:00  assigned  # the substitute's now
    bilal  bakkegata-4/entrance    2026-10-14T09:00:00  yes
    bilal  bakkegata-4/flat/h0201  2026-10-14T10:14:59  yes
    bilal  bakkegata-4/flat/h0201  2026-10-14T10:15:00  until     # it is over
    bilal  dalsveien-31/front      2026-10-14T08:15:00  assigned
    dag    bakkegata-4/flat/h0201  2026-10-14T13:15:00  role      # a visit, and no such job
    anna   dalsveien-31/front      2026-10-14T17:29:59  yes
    """,
)

ALARM = table(
    19,
    """
    mona  elvegata-9/entrance    2026-10-15T02:39:59        during
    mona  elvegata-9/entrance    2026-10-15T02:40:00        yes
    mona  elvegata-9/flat/h0301  2026-10-15T02:40:00        yes
    mona  elvegata-9/flat/h0301  2026-10-15T04:09:59        yes
    mona  elvegata-9/flat/h0301  2026-10-15T04:10:00        during
    mona  elvegata-9/flat/h0302  2026-10-15T03:00:00        no-rule   # the neighbour's
    tor   elvegata-9/flat/h0301  2026-10-15T03:00:00        assigned  # a responder, another's alarm
    # an hour and a half is that long on the night the clock goes back
    mona  elvegata-9/flat/h0301  2026-10-25T02:19:59+02:00  during
    mona  elvegata-9/flat/h0301  2026-10-25T02:20:00+02:00  yes
    mona  elvegata-9/flat/h0301  2026-10-25T02:49:59+01:00  yes
    mona  elvegata-9/flat/h0301  2026-10-25T02:50:00+01:00  until
    """,
)

TABLES = (TOWN_HALL, ELECTRICIAN, CLEANERS, HOME_CARE, ALARM)


@pytest.mark.parametrize("asked", [asked for rows in TABLES for asked in rows], ids=str)
def test_people_at_work_and_homes_decide_what_their_titles_say(asked: Asked) -> None:
    assert answer(asked) == (asked.answer, asked.conditions)


def day_from(local: str) -> Window:
    return Window(at(local), Instant(at(local) + 86_400))


def test_the_key_of_home_care_is_fetched_once_and_opens_for_eight_hours() -> None:
    front = point("dalsveien-31/front").number
    span = day_from("2026-10-14T07:30")
    result = grant_for(LOADED[18], person("anna"), FacilityId("dalsveien-31"), span)
    assert result.grant is not None
    assert result.life_seconds == 8 * 3600
    assert result.grant.permits(front, Action.OPEN, at("2026-10-14T08:00"))
    # the visit at 16:30 lies beyond the life: that key is fetched later in the day
    assert not result.grant.permits(front, Action.OPEN, at("2026-10-14T16:30"))


def test_the_key_to_a_flat_with_an_alarm_is_fetched_on_the_way_and_the_front_doors_is_not() -> None:
    flat, entrance = point("elvegata-9/flat/h0301").number, point("elvegata-9/entrance").number
    facility, span = FacilityId("elvegata-9"), day_from("2026-10-15T02:45")
    ahead = grant_for(LOADED[19], person("mona"), facility, span)
    assert ahead.on_the_way == (flat,)
    assert ahead.grant is not None
    assert ahead.grant.permits(entrance, Action.OPEN, at("2026-10-15T02:45"))
    assert not ahead.grant.permits(flat, Action.OPEN, at("2026-10-15T02:45"))
    asked = grant_for(LOADED[19], person("mona"), facility, span, access_point=flat)
    assert asked.grant is not None
    assert asked.life_seconds == 15 * 60
    assert asked.grant.permits(flat, Action.OPEN, at("2026-10-15T02:59:59"))
    assert not asked.grant.permits(flat, Action.OPEN, at("2026-10-15T03:00:00"))
