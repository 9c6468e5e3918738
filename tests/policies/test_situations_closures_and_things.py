"""Situations 20 to 25: what the documents of closed houses, waste, visitors and things decide."""

import pytest

from tests.policies.fossvik import Asked, answer, table

FLOOD = table(
    20,
    """
    karim  flatahallen/hall/door  2027-01-30T07:59:59  during
    karim  flatahallen/hall/door  2027-01-30T08:00:00  unlocked      if=switch
    karim  flatahallen/hall/door  2027-01-30T23:00:00  during
    tone   flatahallen/hall/door  2027-01-30T18:00:00  yes+unlocked  if=switch
    odd    flatahallen/cellar     2027-01-31T03:00:00  yes
    lars   flatahallen/cellar     2027-01-30T14:59:59  role
    lars   flatahallen/cellar     2027-01-30T15:00:00  yes
    lars   flatahallen/cellar     2027-02-20T23:59:59  yes
    lars   flatahallen/cellar     2027-02-21T00:00:00  role
    """,
)

LOCKDOWN = table(
    21,
    """
    geir    solbakken/entrance/yard  2026-10-14T06:59:59  during        if=switch
    geir    solbakken/entrance/yard  2026-10-14T07:00:00  yes           if=switch
    geir    solbakken/entrance/main  2026-10-14T08:00:00  yes+unlocked  if=switch
    karim   solbakken/entrance/main  2026-10-14T14:59:59  unlocked      if=switch
    karim   solbakken/entrance/main  2026-10-14T15:00:00  during
    sigrid  solbakken/entrance/yard  2026-10-18T03:00:00  yes
    ellen   solbakken/entrance/yard  2026-12-25T12:00:00  yes
    geir    solbakken/entrance/yard  2026-12-25T12:00:00  during
    """,
)

RECYCLING = table(
    22,
    """
    solveig  gjenbruk/gate/vehicles  2026-10-14T15:59:59  during
    solveig  gjenbruk/gate/vehicles  2026-10-14T16:00:00  yes       if=limits
    gerd     gjenbruk/gate/vehicles  2026-10-14T20:29:59  yes       if=limits
    solveig  gjenbruk/gate/vehicles  2026-10-14T20:30:00  during
    solveig  gjenbruk/gate/vehicles  2026-10-16T17:00:00  during               # a Friday
    solveig  gjenbruk/gate/vehicles  2027-05-06T17:00:00  during               # Ascension Day
    nils     gjenbruk/gate/vehicles  2026-10-14T17:00:00  resident
    karim    gjenbruk/gate/vehicles  2026-10-14T17:00:00  terms
    harald   gjenbruk/gate/vehicles  2026-12-01T17:00:00  yes       if=limits
    """,
)

WASTE_ROOM = table(
    23,
    """
    jonas  storgata-12/waste  2026-10-14T05:59:59  during
    jonas  storgata-12/waste  2026-10-14T06:00:00  yes
    jonas  storgata-12/waste  2026-12-25T22:59:59  yes
    jonas  storgata-12/waste  2026-12-25T23:00:00  during
    elif   storgata-12/waste  2027-05-31T22:59:59  yes       # the lease's last day
    elif   storgata-12/waste  2027-06-01T06:00:00  resident
    unn    storgata-12/waste  2026-10-14T12:00:00  yes       # no address is known, or asked for
    odd    storgata-12/waste  2026-10-14T12:00:00  yes
    karim  storgata-12/waste  2026-10-14T12:00:00  resident  # lives elsewhere in Fossvik
    """,
)

VISITORS = table(
    24,
    """
    mateusz  sjofronten/pool/turnstile  2027-07-02T06:29:59  during
    mateusz  sjofronten/pool/turnstile  2027-07-02T06:30:00  yes
    mateusz  sjofronten/museum/door     2027-07-02T14:00:00  member
    mateusz  sjofronten/pool/turnstile  2027-09-15T20:59:59  yes
    mateusz  sjofronten/pool/turnstile  2027-09-16T06:30:00  member
    claire   sjofronten/pool/turnstile  2027-07-02T13:19:59  member
    claire   sjofronten/pool/turnstile  2027-07-02T13:20:00  yes
    claire   sjofronten/museum/door     2027-07-02T17:59:59  yes
    claire   sjofronten/museum/door     2027-07-02T18:00:00  during
    claire   sjofronten/pool/turnstile  2027-07-04T13:19:59  yes
    claire   sjofronten/pool/turnstile  2027-07-04T13:20:00  member   # 48 hours
    noah     sjofronten/museum/door     2027-07-03T12:00:00  yes
    noah     sjofronten/pool/turnstile  2027-07-03T12:00:00  unknown  # nobody has seen his age
    """,
)

THINGS = table(
    25,
    """
    karim   skiheim/trail/lights  2026-10-14T15:59:59  during    action=light
    karim   skiheim/trail/lights  2026-10-14T16:00:00  yes       action=light
    amund   skiheim/trail/lights  2026-10-14T22:29:59  yes       action=light
    karim   skiheim/trail/lights  2026-10-14T22:30:00  during    action=light
    karim   skiheim/trail/lights  2026-10-14T17:00:00  no-rule                 # there is no door
    # the loan of somebody who turns 16 on its second day
    emil    skiheim/lockers/1     2026-10-14T16:00:00  age
    emil    skiheim/lockers/1     2026-10-15T00:00:00  yes
    emil    skiheim/lockers/1     2026-10-16T19:59:59  yes       action=lock
    emil    skiheim/lockers/1     2026-10-16T20:00:00  until
    emil    skiheim/lockers/2     2026-10-15T12:00:00  booking
    amund   skiheim/lockers/2     2026-10-15T12:00:00  age
    # floors of the lift
    bjarne  skiheim/lift/floor-1  2026-10-14T15:00:00  unlocked
    karim   skiheim/lift/floor-1  2026-10-14T22:00:00  during
    nora    skiheim/lift/floor-2  2026-10-14T15:00:00  yes
    emil    skiheim/lift/floor-2  2026-10-14T15:00:00  age
    nora    skiheim/lift/floor-2  2026-12-25T10:59:59  during
    nora    skiheim/lift/floor-2  2026-12-25T11:00:00  yes
    nora    skiheim/lift/floor-3  2026-10-14T15:00:00  role
    brage   skiheim/lift/floor-3  2026-12-25T03:00:00  yes
    """,
)

TABLES = (FLOOD, LOCKDOWN, RECYCLING, WASTE_ROOM, VISITORS, THINGS)


@pytest.mark.parametrize("asked", [asked for rows in TABLES for asked in rows], ids=str)
def test_closed_houses_waste_visitors_and_things_decide_what_their_titles_say(
    asked: Asked,
) -> None:
    assert answer(asked) == (asked.answer, asked.conditions)
