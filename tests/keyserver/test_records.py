"""Bookings, assignments and switches: what the records file says, and what it takes away."""

import pytest

from keyserver.errors import AdministratorError
from keyserver.services.people.registers import read_registers
from policies.errors import PolicyError
from policies.records import RecordKind
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.keyserver.test_issuance import ask, claims, live, request
from tests.keyserver.town_hall import (
    KARIM,
    NORA,
    NOW,
    TownHall,
    open_town_hall,
    places_with,
    torshov,
)

MAIN = AccessPointNumber(4711)
HOUR = 3_600
HALL = (
    '{id: hall, doors: "building:torshov", allow: {booking: hall, as: [holder]}, '
    "during: {booking: hall, early: 15m}}"
)
OPEN = '{id: open, doors: "building:torshov", allow: anyone, during: always}'
LOCKDOWN = (
    '{id: lockdown, doors: "building:torshov", deny: anyone, except: {role: torshov-staff}, '
    "active: {switch: lockdown/torshov}, reason: lockdown}"
)
BOOKED = (
    "- {id: b-1, kind: booking, name: hall, access_points: [torshov/entrance/main], "
    "people: [{person: nora, as: holder}], start: 2026-10-14T20:00, end: 2026-10-14T22:00}\n"
)
NONE = "records: []\n"


def records(*written: str, switches: str = "") -> str:
    """A records file."""
    said = "records:\n" + "".join(written) if written else NONE
    return said + (f"switches: {{{switches}}}\n" if switches else "")


@pytest.fixture
async def library(hall: TownHall) -> TownHall:
    """The town with a hall that is booked and a switch, in the names its registers know."""
    await hall.import_places(places_with(switches="lockdown/torshov", bookings="hall"))
    return hall


async def may_enter(hall: TownHall, person: str = NORA) -> bool:
    """Whether a fresh phone of a person is given a key to the library now."""
    phone = await hall.enrol(person)
    answer = await ask(hall, phone, [request()])
    return any(claims(one).grant.permits(MAIN, Action.OPEN, hall.at) for one in answer.credentials)


async def test_records_that_were_never_imported_are_unread_and_give_nothing(
    library: TownHall,
) -> None:
    await library.publish(torshov(HALL))
    registers = await library.installation.store.read(
        lambda connection: read_registers(connection, library.tenant.id, library.at)
    )
    assert registers is not None
    assert registers.records.unread == frozenset(RecordKind)
    assert not await may_enter(library)


async def test_publishing_says_which_rules_have_no_records_to_go_by(library: TownHall) -> None:
    documents = torshov(HALL, OPEN, LOCKDOWN)
    effect = await library.weigh((await library.draft(documents)).id)
    told = [str(fault) for fault in effect.faults if "no records file" in fault.sentence]
    assert told == [
        "torshov.yaml:4: policies[0]: expected booking records, got no records file yet: "
        "hall gives nothing",
        "torshov.yaml:6: policies[2]: expected switches, got no records file yet: "
        "lockdown/torshov counts as on",
    ]
    await library.import_records(records(switches="lockdown/torshov: off"))
    effect = await library.weigh((await library.draft(documents)).id)
    assert not [fault for fault in effect.faults if "no records file" in fault.sentence]


async def test_a_booking_gives_its_people_its_hours(library: TownHall) -> None:
    await library.publish(torshov(HALL))
    done = await library.import_records(records(BOOKED))
    assert (done.before, done.count, done.ignored) == (0, 1, ())
    nora = await library.enrol(NORA)
    grant = claims((await ask(library, nora, [request()])).credentials[0]).grant
    evening = [Instant(NOW + minutes * 60) for minutes in (0, 44, 45, 60, 179, 180)]
    permitted = [grant.permits(MAIN, Action.OPEN, at) for at in evening]
    assert permitted == [False, False, True, True, True, False]
    assert not await may_enter(library, KARIM)


async def test_a_booking_that_is_gone_revokes_what_it_gave(library: TownHall) -> None:
    await library.publish(torshov(HALL))
    await library.import_records(records(BOOKED))
    nora = await library.enrol(NORA)
    await ask(library, nora, [request()])
    done = await library.import_records(NONE)
    assert (done.before, done.count, done.credentials_revoked) == (1, 0, 1)
    assert await live(library) == 0


async def test_the_same_records_again_revoke_nothing(library: TownHall) -> None:
    await library.publish(torshov(HALL))
    await library.import_records(records(BOOKED))
    await ask(library, await library.enrol(NORA), [request()])
    assert (await library.import_records(records(BOOKED))).credentials_revoked == 0


async def test_D09_a_switch_that_comes_on_revokes_and_keeps_back(library: TownHall) -> None:
    await library.import_records(records(switches="lockdown/torshov: off"))
    await library.publish(torshov(OPEN, LOCKDOWN))
    assert await may_enter(library)
    done = await library.import_records(records(switches="lockdown/torshov: on"))
    assert (done.credentials_revoked, done.switches_on) == (1, ("lockdown/torshov",))
    assert not await may_enter(library)
    assert await may_enter(library, "eva"), "staff are spared"
    await library.import_records(records(switches="lockdown/torshov: off"))
    assert await may_enter(library)


@pytest.mark.parametrize("said", [None, NONE])
async def test_a_switch_that_was_not_read_counts_as_on(library: TownHall, said: str | None) -> None:
    await library.publish(torshov(OPEN, LOCKDOWN))
    if said is not None:
        await library.import_records(said)
    assert not await may_enter(library)


async def test_what_nothing_goes_by_is_told_and_no_fault(library: TownHall) -> None:
    await library.publish(torshov(HALL.replace('"building:torshov"', "{booking: hall.door}")))
    elsewhere = BOOKED.replace("[torshov/entrance/main]", "[storgata-7/waste]")
    done = await library.import_records(
        records(elsewhere.replace("person: nora", "person: nobody"))
    )
    assert [fault.path for fault in done.ignored] == ["records.b-1", "records.b-1.people"]
    assert done.count == 1


@pytest.mark.parametrize(
    "faulty",
    [
        BOOKED.replace("name: hall", "name: cellar"),
        BOOKED.replace("torshov/entrance/main", "torshov/entrance/attic"),
        BOOKED.replace("end: 2026-10-14T22:00", "end: 2026-10-14T20:00"),
        BOOKED * 2,
    ],
)
async def test_a_faulty_file_is_refused_with_its_line_and_changes_nothing(
    library: TownHall, faulty: str
) -> None:
    await library.import_records(records(BOOKED))
    with pytest.raises(PolicyError, match=r"records\.yaml:\d+"):
        await library.import_records(records(faulty))
    assert await library.rows("record") == 1


async def test_an_access_point_that_is_gone_is_left_out_of_its_records(library: TownHall) -> None:
    both = BOOKED.replace(
        "[torshov/entrance/main]", "[torshov/entrance/main, torshov/entrance/side]"
    )
    await library.import_records(records(both))
    await library.publish(torshov(HALL))
    places = places_with(switches="lockdown/torshov", bookings="hall").splitlines()
    await library.import_places("\n".join(p for p in places if "entrance/side" not in p) + "\n")
    registers = await library.installation.store.read(
        lambda connection: read_registers(connection, library.tenant.id, library.at)
    )
    assert registers is not None
    assert [record.points for record in registers.records.all] == [(MAIN,)]


async def test_records_before_places_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with open_town_hall(tmp_path_factory.mktemp("hall"), is_published=False) as hall:
        with pytest.raises(AdministratorError, match="import places first"):
            await hall.import_records(NONE)
