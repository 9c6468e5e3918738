"""Situations 1 to 8: what the documents of libraries and pools decide."""

import pytest

from policies.manner import Brings
from policies.model import Rule
from policies.vocabulary import RuleId
from tests.policies.fossvik import LOADED, Asked, answer, table

OPEN_EVERY_DAY = table(
    1,
    """
    nora    verket/entrance/main  2026-10-14T06:59:59  during
    nora    verket/entrance/main  2026-10-14T07:00:00  yes
    nora    verket/entrance/main  2026-10-14T09:59:59  yes
    nora    verket/entrance/main  2026-10-14T10:00:00  unlocked
    bjarne  verket/entrance/main  2026-10-14T17:59:59  unlocked
    bjarne  verket/entrance/main  2026-10-14T18:00:00  unknown   # no register knows the age
    amund   verket/entrance/main  2026-10-14T19:00:00  age
    ingrid  verket/entrance/main  2026-10-14T19:00:00  terms
    jonas   verket/entrance/main  2026-10-14T19:00:00  member
    leif    verket/entrance/main  2026-10-14T22:59:59  yes       # a later version of the terms
    leif    verket/entrance/main  2026-10-14T23:00:00  during
    # Christmas Day, a Friday: nobody at work, self-service all day
    nora    verket/entrance/main  2026-12-25T07:00:00  yes
    nora    verket/entrance/main  2026-12-25T12:00:00  yes
    ingrid  verket/entrance/main  2026-12-25T12:00:00  terms
    nora    verket/entrance/main  2026-12-25T22:59:59  yes
    nora    verket/entrance/main  2026-12-25T23:00:00  during
    nora    verket/entrance/main  2027-05-17T12:00:00  yes
    # the Sunday that is an hour longer
    nora    verket/entrance/main  2026-10-25T06:59:59  during
    nora    verket/entrance/main  2026-10-25T07:00:00  yes
    # the office is the staff's, at all hours
    eva     verket/office         2026-12-25T03:00:00  yes
    nora    verket/office         2026-10-14T12:00:00  role
    """,
)

GUARDIAN = table(
    2,
    """
    nora    sanden/entrance/main  2026-10-14T22:59:59  yes
    nora    sanden/entrance/main  2026-10-14T23:00:00  during
    ingrid  sanden/entrance/main  2026-10-14T12:00:00  terms
    karim   sanden/entrance/main  2026-10-14T12:00:00  yes
    # turns 15
    amund   sanden/entrance/main  2027-05-02T22:59:59  age
    amund   sanden/entrance/main  2027-05-03T06:59:59  during
    amund   sanden/entrance/main  2027-05-03T07:00:00  yes
    # turns 18
    sander  sanden/entrance/main  2026-10-14T12:00:00  guardian
    sander  sanden/entrance/main  2027-02-10T22:59:59  guardian
    sander  sanden/entrance/main  2027-02-11T07:00:00  yes
    # the guardian's word ends with the year, and is not needed from 18 on
    thea    sanden/entrance/main  2026-12-31T22:59:59  yes
    thea    sanden/entrance/main  2027-01-01T07:00:00  guardian
    thea    sanden/entrance/main  2027-06-20T07:00:00  yes
    # ... nor is there a gap where it ends the day before the birthday
    nora    sanden/entrance/main  2028-02-29T22:59:59  yes
    nora    sanden/entrance/main  2028-03-01T07:00:00  yes
    """,
)

OWN_CHILDREN = table(
    3,
    """
    karim   lia/entrance/main  2026-10-14T07:00:00  yes
    lilly   lia/entrance/main  2026-10-14T12:00:00  age  # his child has no key
    sander  lia/entrance/main  2026-10-14T12:00:00  guardian
    karim   lia/entrance/main  2026-10-14T22:59:59  yes
    nora    lia/entrance/main  2026-12-25T12:00:00  yes  # a Friday, red or not
    karim   lia/entrance/main  2026-10-14T23:00:00  during
    karim   lia/entrance/main  2026-10-14T12:00:00  no-rule   action=hold_open
    eva     lia/entrance/main  2026-10-14T12:00:00  member
    """,
)

CARD_RULES = table(
    4,
    """
    frode   holmen/entrance/main  2026-10-14T07:00:00  yes                # borrower category: staff
    karim   holmen/entrance/main  2026-10-14T21:59:59  yes
    karim   holmen/entrance/main  2026-10-14T22:00:00  during
    karim   holmen/entrance/main  2026-12-25T12:00:00  during             # a red day
    nora    holmen/entrance/main  2026-10-14T12:00:00  member             # borrower category: youth
    leif    holmen/entrance/main  2026-10-14T12:00:00  terms              # an earlier version
    bjarne  holmen/entrance/main  2026-10-14T12:00:00  unknown
    hilde   holmen/entrance/main  2026-10-14T21:59:59  yes                # the card's last day
    hilde   holmen/entrance/main  2026-10-15T07:00:00  member
    petter  holmen/entrance/main  2026-10-01T11:14:59  yes
    petter  holmen/entrance/main  2026-10-01T11:15:00  card-blocked       # the card was lost
    roar    holmen/entrance/main  2026-11-30T21:59:59  card-blocked       # debarred
    roar    holmen/entrance/main  2026-12-01T07:00:00  yes
    siv     holmen/entrance/main  2026-10-14T13:59:59  card-blocked       # fines
    siv     holmen/entrance/main  2026-10-14T14:00:00  yes                # paid
    guro    holmen/entrance/main  2027-03-31T21:59:59  library-exclusion
    guro    holmen/entrance/main  2027-04-01T07:00:00  yes
    """,
)

EVENT = table(
    5,
    """
    karim   torget/entrance/main  2027-11-13T14:59:59  during  # an ordinary Saturday
    karim   torget/entrance/main  2027-11-13T16:00:00  yes
    anders  torget/entrance/main  2027-11-13T16:00:00  from
    karim   torget/entrance/main  2027-11-20T15:59:59  yes     # the Saturday of the event
    karim   torget/entrance/main  2027-11-20T16:00:00  during
    karim   torget/entrance/main  2027-11-20T19:59:59  during
    karim   torget/entrance/main  2027-11-20T20:00:00  yes
    karim   torget/entrance/main  2027-11-20T22:00:00  during
    anders  torget/entrance/main  2027-11-20T15:29:59  from
    anders  torget/entrance/main  2027-11-20T15:30:00  yes
    anders  torget/entrance/main  2027-11-20T19:59:59  yes
    anders  torget/entrance/main  2027-11-20T20:00:00  until
    jonas   torget/entrance/main  2027-11-20T17:00:00  member  # the guests' list is not told
    """,
)

EXCLUSION = table(
    6,
    """
    trude   nybyen/entrance/main  2026-10-14T15:20:00  unlocked  # the open door lets anybody in
    trude   nybyen/entrance/main  2026-10-14T16:00:00  sent-out
    trude   nybyen/entrance/main  2026-10-14T21:59:59  sent-out
    trude   nybyen/entrance/main  2026-10-15T08:00:00  yes  # sent out for that day only
    trude   nybyen/entrance/main  2026-10-15T09:29:59  yes
    trude   nybyen/entrance/main  2026-10-15T09:30:00  library-exclusion  # the decision
    trude   nybyen/entrance/main  2026-10-15T12:00:00  unlocked
    trude   nybyen/entrance/main  2026-12-25T12:00:00  library-exclusion
    trude   nybyen/entrance/main  2027-01-14T21:59:59  library-exclusion
    trude   nybyen/entrance/main  2027-01-15T08:00:00  yes                # three months are over
    mikkel  nybyen/entrance/main  2026-10-14T18:39:59  yes
    mikkel  nybyen/entrance/main  2026-10-14T18:40:00  sent-out
    mikkel  nybyen/entrance/main  2026-10-15T08:00:00  yes
    jorunn  nybyen/entrance/main  2026-11-02T09:59:59  library-exclusion
    jorunn  nybyen/entrance/main  2026-11-02T16:00:00  yes                # the complaint was upheld
    karim   nybyen/entrance/main  2026-12-25T12:00:00  yes
    """,
)

POOL_AGES = table(
    7,
    """
    amund   elvebadet/turnstile/main  2026-10-14T06:29:59  during
    amund   elvebadet/turnstile/main  2026-10-14T06:30:00  yes
    lilly   elvebadet/turnstile/main  2026-10-14T12:00:00  age
    bjarne  elvebadet/turnstile/main  2026-10-14T12:00:00  unknown
    # turns 12 on Thursday 12 November
    sara    elvebadet/turnstile/main  2026-11-11T20:59:59  age
    sara    elvebadet/turnstile/main  2026-11-12T06:30:00  yes
    sara    elvebadet/turnstile/main  2026-11-12T17:45:00  adults-only
    # Thursday evening is from 16
    amund   elvebadet/turnstile/main  2026-10-15T17:44:59  yes
    amund   elvebadet/turnstile/main  2026-10-15T17:45:00  adults-only
    amund   elvebadet/turnstile/main  2026-10-15T18:59:59  adults-only
    amund   elvebadet/turnstile/main  2026-10-15T19:00:00  yes
    emil    elvebadet/turnstile/main  2026-10-08T17:45:00  adults-only
    emil    elvebadet/turnstile/main  2026-10-15T17:45:00  yes          # 16 that day
    gerd    elvebadet/turnstile/main  2026-10-15T17:45:00  yes          # of age, no birth date
    bjarne  elvebadet/turnstile/main  2026-10-15T17:45:00  unknown
    # Ascension Day, a Thursday: shorter, and for all ages
    amund   elvebadet/turnstile/main  2027-05-06T09:59:59  during
    amund   elvebadet/turnstile/main  2027-05-06T15:59:59  yes
    amund   elvebadet/turnstile/main  2027-05-06T17:45:00  during
    """,
)

POOL_GROUPS = table(
    8,
    """
    lilly    bekkebadet/turnstile/main  2026-10-12T14:59:59  during
    lilly    bekkebadet/turnstile/main  2026-10-12T15:00:00  yes     # Monday: girls
    jakob    bekkebadet/turnstile/main  2026-10-12T15:00:00  during
    jakob    bekkebadet/turnstile/main  2026-10-13T15:00:00  yes     # Tuesday: boys
    lilly    bekkebadet/turnstile/main  2026-10-13T15:00:00  during
    jakob    bekkebadet/turnstile/main  2026-10-13T17:00:00  during
    jakob    bekkebadet/turnstile/main  2026-10-16T16:59:59  yes     # Friday
    lilly    bekkebadet/turnstile/main  2026-10-15T16:59:59  yes     # Thursday
    amund    bekkebadet/turnstile/main  2026-10-16T15:00:00  during  # 14: too old for the group
    maja     bekkebadet/turnstile/main  2026-11-02T15:00:00  yes
    maja     bekkebadet/turnstile/main  2026-11-05T15:00:00  age     # 13 that Thursday
    ingrid   bekkebadet/turnstile/main  2026-10-12T20:00:00  yes     # the women's evening
    ingrid   bekkebadet/turnstile/main  2026-10-12T22:00:00  during
    karim    bekkebadet/turnstile/main  2026-10-12T20:00:00  during
    solveig  bekkebadet/turnstile/main  2026-10-18T19:00:00  yes     # the calm hour
    solveig  bekkebadet/turnstile/main  2026-10-18T20:30:00  during
    ingrid   bekkebadet/turnstile/main  2026-10-18T19:00:00  during
    karim    bekkebadet/turnstile/main  2026-10-18T17:59:59  yes
    lilly    bekkebadet/turnstile/main  2027-05-17T15:00:00  during  # a red Monday
    karim    bekkebadet/turnstile/main  2027-06-21T15:00:00  yes     # summer: the public's
    """,
)

TABLES = (
    OPEN_EVERY_DAY, GUARDIAN, OWN_CHILDREN, CARD_RULES, EVENT, EXCLUSION, POOL_AGES, POOL_GROUPS,
)  # fmt: skip


@pytest.mark.parametrize("asked", [asked for rows in TABLES for asked in rows], ids=str)
def test_libraries_and_pools_decide_what_their_titles_say(asked: Asked) -> None:
    assert answer(asked) == (asked.answer, asked.conditions)


def rule(situation: int, name: str) -> Rule:
    (document,) = LOADED[situation].documents
    return next(rule for rule in document.rules if rule.id == RuleId(name))


def test_a_member_brings_her_own_children_and_an_adult_swimmer_brings_three() -> None:
    assert rule(3, "lia-self-service").manner.brings is Brings.OWN_CHILDREN
    assert rule(7, "elvebadet-adults-bring").manner.brings == 3
    assert rule(7, "elvebadet-alone").manner.brings is None


def test_no_right_to_the_library_can_be_shared() -> None:
    assert rule(3, "lia-self-service").manner.share is None
