"""Rules with limits, and rules that wait: asked on the way, counted as the doors report."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyserver.errors import UnknownAccessPoint
from keyserver.services.doors.openings import (
    KEPT_SECONDS,
    SAME_VISIT_SECONDS,
    forget_openings,
    rules_of,
    rules_text,
    visits,
)
from keyserver.services.doors.renewal import renew_due
from keyserver.services.issuing.credential_records import Released
from policies.circumstances import RuleName
from policies.vocabulary import AccessPointNumber, Action, Instant, RuleId
from tests.keyserver.journals import Journal
from tests.keyserver.test_issuance import ask, claims, request
from tests.keyserver.town_hall import (
    INGRID,
    KARIM,
    NORA,
    NOW,
    Phone,
    TownHall,
    example,
    torshov,
)

MAIN = AccessPointNumber(4711)
ENTRANCE = "torshov/entrance/main"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
TWICE = (
    '{id: twice, doors: "building:torshov", allow: {resident: municipality}, during: always, '
    "limits: {visits: 2 per day, by: household, offline: count-later}}"
)
STAFF = '{id: staff, doors: "building:torshov", allow: {role: torshov-staff}, during: always}'
WITH_STAFF = (
    '{id: guests, doors: "building:torshov", allow: {resident: municipality}, during: always, '
    "with: {after: {role: torshov-staff}}}"
)


class Visitor:
    """A phone that asks on the way, and goes in."""

    def __init__(self, hall: TownHall, journal: Journal, phone: Phone) -> None:
        self._hall, self._journal, self._phone = hall, journal, phone
        self._attempts = 0

    async def ask(self) -> Released | str:
        """A credential for the main entrance now, or the reason there is none."""
        answer = await ask(self._hall, self._phone, [request(point=ENTRANCE)])
        if answer.credentials:
            return answer.credentials[0]
        return answer.refused[0].why[0].reason

    async def visit(self, *, is_taken: bool = True) -> str:
        """Ask, and open: `opened`, or the reason why not."""
        given = await self.ask()
        if isinstance(given, str):
            return given
        self._attempts += 1
        attempt = self._phone.client.id.encode()[-6:] + self._attempts.to_bytes(2, "big")
        self._journal.opened(claims(given).cti, MAIN, self._hall.at, attempt)
        if not is_taken:
            self._journal.not_taken(MAIN, self._hall.at, attempt)
        await self._journal.send()
        return "opened"


@pytest.fixture
async def journal(hall: TownHall) -> Journal:
    """The journal of the library's controller."""
    return Journal(hall, await hall.provision())


async def visitor(hall: TownHall, journal: Journal, person: str = NORA) -> Visitor:
    """A person with a fresh phone."""
    return Visitor(hall, journal, await hall.enrol(person))


async def test_a_rule_with_limits_is_no_part_of_a_refresh(hall: TownHall) -> None:
    await hall.publish(torshov(TWICE))
    nora = await hall.enrol(NORA)
    assert not (await ask(hall, nora, [request()])).credentials
    made = claims((await ask(hall, nora, [request(point=ENTRANCE)])).credentials[0])
    assert made.expires - made.issued_at == 15 * MINUTE
    assert made.grant.permits(MAIN, Action.OPEN, NOW)


async def test_a_visit_is_counted_when_the_door_reports_it_and_not_when_it_is_asked_for(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    nora = await visitor(hall, journal)
    for _ in range(5):
        assert isinstance(await nora.ask(), Released)
    assert await nora.visit() == "opened"
    hall.clock.at += HOUR
    assert await nora.visit() == "opened"
    hall.clock.at += HOUR
    assert await nora.visit() == "limits"


async def test_visits_used_up_are_told_in_the_persons_language(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    phone = await hall.enrol(NORA)
    nora = Visitor(hall, journal, phone)
    await nora.visit()
    hall.clock.at += HOUR
    await nora.visit()
    hall.clock.at += HOUR
    asked = [request(point=ENTRANCE)]
    told = {
        language: (await ask(hall, phone, asked, language)).refused[0].why[0].sentence
        for language in ("nb", "nn", "se", "en")
    }
    assert len(set(told.values())) == 4


async def test_a_new_day_has_its_own_visits(hall: TownHall, journal: Journal) -> None:
    await hall.publish(torshov(TWICE))
    nora = await visitor(hall, journal)
    for _ in range(2):
        assert await nora.visit() == "opened"
        hall.clock.at += HOUR
    assert await nora.visit() == "limits"
    hall.clock.at = NOW + 5 * HOUR  # 00:00 in Oslo
    assert await nora.visit() == "opened"


async def test_again_within_half_an_hour_is_the_same_visit(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    nora = await visitor(hall, journal)
    for minutes in (0, 10, 29, 60, 70, 89):
        hall.clock.at = NOW + minutes * MINUTE
        assert await nora.visit() == "opened", minutes
    hall.clock.at = NOW + 90 * MINUTE
    assert await nora.visit() == "limits"


async def test_an_upload_repeated_counts_nothing_twice(hall: TownHall, journal: Journal) -> None:
    await hall.publish(torshov(TWICE))
    nora = await visitor(hall, journal)
    await nora.visit()
    for _ in range(3):
        await journal.send()
    hall.clock.at += HOUR
    assert await nora.visit() == "opened"
    assert await hall.rows("opening") == 2


async def test_a_door_that_nobody_went_through_is_no_visit(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    nora = await visitor(hall, journal)
    for _ in range(4):
        assert await nora.visit(is_taken=False) == "opened"
        hall.clock.at += HOUR
    assert await hall.rows("opening") == 0


async def test_a_household_shares_its_visits_and_strangers_do_not(
    hall: TownHall, journal: Journal
) -> None:
    people = example("people.yaml").replace("- id: nora\n", "- id: nora\n  household: h-1\n")
    await hall.import_people(people.replace("- id: karim\n", "- id: karim\n  household: h-1\n"))
    await hall.publish(torshov(TWICE))
    nora, karim, leif = [await visitor(hall, journal, who) for who in (NORA, KARIM, "leif")]
    for one in (nora, karim):
        assert await one.visit() == "opened"
        hall.clock.at += HOUR
    assert (await nora.visit(), await karim.visit()) == ("limits", "limits")
    assert await leif.visit() == "opened"


async def test_what_was_visited_before_a_household_is_told_stays_hers(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    nora, karim = [await visitor(hall, journal, who) for who in (NORA, KARIM)]
    assert await nora.visit() == "opened"
    hall.clock.at += HOUR
    assert await nora.visit() == "opened"
    people = example("people.yaml").replace("- id: nora\n", "- id: nora\n  household: h-1\n")
    await hall.import_people(people.replace("- id: karim\n", "- id: karim\n  household: h-1\n"))
    hall.clock.at += HOUR
    assert await nora.visit() == "limits"
    assert await karim.visit() == "opened", "hers were not the household's"
    await hall.import_people(example("people.yaml"))
    hall.clock.at += HOUR
    assert await nora.visit() == "limits"


async def test_by_person_each_of_a_household_has_visits_of_her_own(
    hall: TownHall, journal: Journal
) -> None:
    people = example("people.yaml").replace("- id: nora\n", "- id: nora\n  household: h-1\n")
    await hall.import_people(people.replace("- id: karim\n", "- id: karim\n  household: h-1\n"))
    await hall.publish(torshov(TWICE.replace("by: household", "by: person")))
    nora, karim = [await visitor(hall, journal, who) for who in (NORA, KARIM)]
    for _ in range(2):
        assert (await nora.visit(), await karim.visit()) == ("opened", "opened")
        hall.clock.at += HOUR
    assert (await nora.visit(), await karim.visit()) == ("limits", "limits")


async def test_an_opening_by_another_rule_is_no_visit_of_this_one(
    hall: TownHall, journal: Journal
) -> None:
    anyone = '{id: staffed, doors: "building:torshov", allow: anyone, during: always}'
    await hall.publish(torshov(anyone, TWICE))
    nora = await visitor(hall, journal)
    for _ in range(5):
        assert await nora.visit() == "opened"
        hall.clock.at += HOUR
    await hall.publish(torshov(TWICE))
    assert await nora.visit() == "opened"


async def test_a_door_out_of_touch_refuses_where_the_rule_says_so(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE.replace("count-later", "refuse")))
    nora = await visitor(hall, journal)
    assert await nora.ask() == "limits", "the controller has not been heard of"
    await hall.tenant.updates.newer(journal.door.client, None, None, None, hall.at)
    assert isinstance(await nora.ask(), Released)
    hall.clock.at += HOUR
    assert await nora.ask() == "limits"


async def test_who_waits_is_let_in_once_somebody_has_opened(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(STAFF, WITH_STAFF))
    nora, eva = [await visitor(hall, journal, who) for who in (NORA, "eva")]
    assert await nora.ask() == "after"
    assert await eva.visit() == "opened"
    assert await nora.visit() == "opened"


async def test_an_opening_by_somebody_else_lets_nobody_in(hall: TownHall, journal: Journal) -> None:
    other = '{id: others, doors: "building:torshov", allow: {age: 30+}, during: always}'
    await hall.publish(torshov(STAFF, other, WITH_STAFF))
    nora, ingrid = [await visitor(hall, journal, who) for who in (NORA, INGRID)]
    assert await ingrid.visit() == "opened"
    assert await nora.ask() == "after"


async def test_an_opening_by_a_revoked_credential_lets_nobody_in(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(STAFF, WITH_STAFF))
    nora, phone = await visitor(hall, journal), await hall.enrol("eva")
    given = (await ask(hall, phone, [request(point=ENTRANCE)])).credentials[0]
    await hall.revoke_device(phone.client.id)
    hall.clock.at += MINUTE
    journal.opened(claims(given).cti, MAIN, hall.at, b"attempt1")
    await journal.send()
    assert await hall.rows("opening") == 0
    assert await nora.ask() == "after"


async def test_a_visit_by_a_revoked_credential_was_a_visit(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    phone = await hall.enrol(NORA)
    given = (await ask(hall, phone, [request(point=ENTRANCE)])).credentials[0]
    await hall.revoke_device(phone.client.id)
    hall.clock.at += MINUTE
    journal.opened(claims(given).cti, MAIN, hall.at, b"attempt1")
    await journal.send()
    assert await hall.rows("opening") == 1


async def test_only_openings_that_count_are_kept_with_a_person(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(
        torshov('{id: open, doors: "building:torshov", allow: anyone, during: always}')
    )
    nora = await visitor(hall, journal)
    assert await nora.visit() == "opened"
    assert await hall.rows("journal_entry") == 1
    assert await hall.rows("opening") == 0


async def test_openings_are_forgotten_when_no_period_can_hold_them(
    hall: TownHall, journal: Journal
) -> None:
    await hall.publish(torshov(TWICE))
    await (await visitor(hall, journal)).visit()
    tenant = hall.tenant
    for later, kept in ((KEPT_SECONDS, 1), (KEPT_SECONDS + 1, 0)):
        at = Instant(NOW + later)
        await hall.write(lambda connection, at=at: forget_openings(connection, tenant.id, at))  # type: ignore[misc] # why: mypy infers no lambda with a default
        assert await hall.rows("opening") == kept
    await hall.write(
        lambda connection: renew_due(connection, tenant.authority, tenant.registers, hall.at)
    )


async def test_a_door_that_is_not_hers_stays_unknown_to_her(hall: TownHall) -> None:
    await hall.publish(torshov(TWICE.replace("municipality", '"building:storgata-7"')))
    nora = await hall.enrol(NORA)
    with pytest.raises(UnknownAccessPoint):
        await ask(hall, nora, [request(point="torshov/entrance/side")])


def test_the_names_of_rules_are_read_back_as_they_were_kept() -> None:
    names = [RuleName("building:torshov", RuleId("a")), RuleName("municipality", RuleId("b"))]
    text = rules_text(names)
    assert text is not None
    assert rules_of(text) == frozenset(names)
    assert rules_text([]) is None


@given(st.lists(st.integers(0, 5 * HOUR), max_size=12).map(sorted))
def test_visits_begin_half_an_hour_apart_and_hold_every_opening(openings: list[int]) -> None:
    begun = visits([Instant(at) for at in openings])
    assert all(b - a >= SAME_VISIT_SECONDS for a, b in pairwise(begun))
    assert all(any(0 <= at - one < SAME_VISIT_SECONDS for one in begun) for at in openings)
