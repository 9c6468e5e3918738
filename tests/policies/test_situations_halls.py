"""Situations 9 to 14: what the documents of halls and their bookings decide."""

import pytest

from tests.policies.fossvik import Asked, answer, table

SCHOOL_POOL = table(
    9,
    """
    vidar  skogly/pool/door  2026-10-14T17:44:59  during
    vidar  skogly/pool/door  2026-10-14T17:45:00  yes      if=two-people
    vidar  skogly/pool/door  2026-10-14T19:44:59  yes      if=two-people
    vidar  skogly/pool/door  2026-10-14T19:45:00  during
    vidar  skogly/pool/door  2026-10-15T18:00:00  during                     # not their evening
    vidar  skogly/pool/door  2026-10-14T18:00:00  no-rule  action=hold_open
    vidar  skogly/pool/door  2026-10-21T19:44:59  yes      if=two-people     # the test's last day
    vidar  skogly/pool/door  2026-10-28T18:00:00  role  # a test that has lapsed
    nina   skogly/pool/door  2026-10-14T18:00:00  age                        # deputy, 17
    brit   skogly/pool/door  2026-10-14T18:00:00  booking  # another club's lifesaver
    emil   skogly/pool/door  2026-10-14T17:54:59  during
    emil   skogly/pool/door  2026-10-14T17:55:00  yes      if=after
    emil   skogly/pool/door  2026-10-14T19:29:59  yes      if=after
    emil   skogly/pool/door  2026-10-14T19:30:00  during
    """,
)

SEASON = table(
    10,
    """
    tone  bjerke/hall/door  2026-10-06T17:44:59  during         # autumn break: an ordinary week
    tone  bjerke/hall/door  2026-10-06T17:45:00  yes
    tone  bjerke/hall/door  2026-10-13T15:45:00  during         # early, but the hall opens at 16
    tone  bjerke/hall/door  2026-10-13T15:59:59  during
    tone  bjerke/hall/door  2026-10-13T16:00:00  yes
    tone  bjerke/hall/door  2026-10-13T17:44:59  yes
    tone  bjerke/hall/door  2026-10-13T17:45:00  during
    kari  bjerke/hall/door  2026-10-13T16:30:00  booking
    tone  bjerke/hall/door  2026-12-22T18:00:00  during         # Christmas break
    tone  bjerke/hall/door  2027-03-22T18:00:00  during         # Easter break
    tone  bjerke/hall/door  2027-03-23T17:59:59  during
    tone  bjerke/hall/door  2027-03-23T18:00:00  yes            # agreed
    tone  bjerke/hall/door  2027-03-23T19:44:59  yes
    tone  bjerke/hall/door  2027-05-06T18:00:00  during         # Ascension Day
    tone  bjerke/hall/door  2027-06-04T21:59:59  yes            # week 22
    tone  bjerke/hall/door  2027-06-04T22:00:00  during         # late, but the hall closes at 22
    tone  bjerke/hall/door  2027-06-07T18:00:00  during         # week 23
    tone  bjerke/hall/door  2027-08-24T18:00:00  unknown-hours  # next year's days are not written
    """,
)

CHOIR = table(
    11,
    """
    kari  kulturhuset/hall-2/door  2026-10-13T18:14:59  during
    kari  kulturhuset/hall-2/door  2026-10-13T18:15:00  yes
    ola   kulturhuset/hall-2/door  2026-10-13T21:14:59  yes
    ola   kulturhuset/hall-2/door  2026-10-13T21:15:00  during
    tone  kulturhuset/hall-2/door  2026-10-13T19:00:00  booking
    kari  kulturhuset/hall-2/door  2026-10-06T19:00:00  during   # the first evening off
    kari  kulturhuset/hall-2/door  2026-11-17T19:00:00  during   # the second
    # the same hour before and after the clock goes back
    kari  kulturhuset/hall-2/door  2026-10-20T18:15:00  yes
    kari  kulturhuset/hall-2/door  2026-10-27T18:14:59  during
    kari  kulturhuset/hall-2/door  2026-10-27T18:15:00  yes
    # the Tuesday of the cup
    kari  kulturhuset/hall-2/door  2026-11-24T19:00:00  during
    finn  kulturhuset/hall-2/door  2026-11-24T15:45:00  yes
    finn  kulturhuset/hall-2/door  2026-11-24T22:14:59  yes
    finn  kulturhuset/hall-2/door  2026-11-24T22:15:00  until
    finn  kulturhuset/hall-1/door  2026-11-24T19:00:00  no-rule  # the rule is the small hall's
    kari  kulturhuset/hall-2/door  2026-12-15T18:15:00  yes
    kari  kulturhuset/hall-2/door  2026-12-22T18:30:00  booking  # Christmas
    """,
)

TWO_LEADERS = table(
    12,
    """
    rune    fagerli/gym/door  2026-10-15T16:44:59  during
    rune    fagerli/gym/door  2026-10-15T16:45:00  yes
    astrid  fagerli/gym/door  2026-10-15T16:45:00  yes
    astrid  fagerli/gym/door  2026-10-15T18:44:59  yes
    astrid  fagerli/gym/door  2026-10-15T18:45:00  until
    amund   fagerli/gym/door  2026-10-15T16:59:59  during
    amund   fagerli/gym/door  2026-10-15T17:00:00  yes      if=after
    amund   fagerli/gym/door  2026-10-15T18:29:59  yes      if=after
    amund   fagerli/gym/door  2026-10-15T18:30:00  until
    tone    fagerli/gym/door  2026-10-15T17:30:00  booking
    """,
)

CHANGING_ROOMS = table(
    13,
    """
    tone  arena/changing/1  2026-10-17T11:29:59        during
    tone  arena/changing/1  2026-10-17T11:30:00        yes
    tone  arena/hall/door   2026-10-17T11:59:59        during
    tone  arena/hall/door   2026-10-17T12:00:00        yes
    emil  arena/hall/door   2026-10-17T13:59:59        yes
    tone  arena/hall/door   2026-10-17T14:00:00        during
    emil  arena/changing/2  2026-10-17T14:19:59        yes
    tone  arena/changing/2  2026-10-17T14:20:00        during
    kari  arena/changing/2  2026-10-17T13:00:00        booking
    # the night the clock goes back: booked until 02:30, which has come when it is first shown
    tone  arena/hall/door   2026-10-25T02:29:59+02:00  yes
    tone  arena/hall/door   2026-10-25T02:30:00+02:00  until
    tone  arena/hall/door   2026-10-25T02:10:00+01:00  until
    tone  arena/changing/1  2026-10-25T02:49:59+02:00  yes
    tone  arena/changing/1  2026-10-25T02:50:00+02:00  until
    tone  arena/changing/1  2026-10-25T02:10:00+01:00  until
    """,
)

POLLING_DAY = table(
    14,
    """
    tone   midthallen/hall/main  2027-09-12T13:45:00  yes
    tone   midthallen/hall/main  2027-09-12T14:59:59  yes
    tone   midthallen/hall/main  2027-09-12T15:00:00  during        # booked until 16
    svein  midthallen/hall/main  2027-09-12T14:59:59  from
    svein  midthallen/hall/main  2027-09-12T15:00:00  yes
    karim  midthallen/hall/main  2027-09-13T08:59:59  during
    karim  midthallen/hall/main  2027-09-13T09:00:00  unlocked
    karim  midthallen/hall/main  2027-09-13T19:59:59  unlocked
    karim  midthallen/hall/main  2027-09-13T20:00:00  during
    karim  midthallen/hall/side  2027-09-13T12:00:00  booking  # the public has the main entrance
    svein  midthallen/hall/main  2027-09-13T12:00:00  yes+unlocked
    svein  midthallen/hall/side  2027-09-13T12:00:00  yes
    tone   midthallen/hall/side  2027-09-13T18:00:00  during        # no training
    tone   midthallen/hall/main  2027-09-14T11:30:00  during
    tone   midthallen/hall/main  2027-09-14T12:00:00  yes
    svein  midthallen/hall/main  2027-09-14T11:59:59  yes
    svein  midthallen/hall/main  2027-09-14T12:00:00  until
    """,
)

TABLES = (SCHOOL_POOL, SEASON, CHOIR, TWO_LEADERS, CHANGING_ROOMS, POLLING_DAY)


@pytest.mark.parametrize("asked", [asked for rows in TABLES for asked in rows], ids=str)
def test_halls_and_their_bookings_decide_what_their_titles_say(asked: Asked) -> None:
    assert answer(asked) == (asked.answer, asked.conditions)
