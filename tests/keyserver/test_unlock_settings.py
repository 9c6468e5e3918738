"""Doors that stand unlocked: what their settings say, how far ahead, and what renews it."""

import pytest

from keyserver.services.doors.renewal import renew_due
from keyserver.services.doors.settings import newest_settings
from keyserver.services.people.keyring import KeyringPoint
from lockagent.protocol.door_settings import SETTINGS_BYTES, DoorSettings, parse_settings
from lockagent.protocol.update_answer import decode_update_answer
from policies.grant import Window
from policies.vocabulary import AccessPointNumber, ControllerId, Instant
from tests.keyserver.journals import Journal
from tests.keyserver.test_issuance import ask, claims, request
from tests.keyserver.town_hall import NORA, NOW, Door, TownHall, places_with, torshov

MAIN, SIDE = AccessPointNumber(4711), AccessPointNumber(4712)
ENTRANCE = "torshov/entrance/main"
HOUR, DAY = 3_600, 86_400
MIDNIGHT_UTC = Instant(NOW - NOW % DAY)

CALENDAR = (
    "for: building:torshov\ntime_zone: Europe/Oslo\n"
    'calendars: {library: {holidays: closed, staffed: {mon-sun: "18:00-21:00"}}}\n'
    "policies:\n"
)
UNLOCK = (
    '- {id: open, doors: "door:torshov/entrance/main", unlock: anyone, during: library.staffed}\n'
)
WAITING = (
    '- {id: open, doors: "door:torshov/entrance/main", unlock: {after: {role: torshov-staff}}, '
    "during: library.staffed}\n"
)
STAFF = '- {id: staff, doors: "building:torshov", allow: {role: torshov-staff}, during: always}\n'
ANYONE = '- {id: anyone, doors: "building:torshov", allow: anyone, during: always}\n'
LOCKDOWN = (
    '- {id: lockdown, doors: "building:torshov", deny: anyone, except: {role: torshov-staff}, '
    "active: {switch: lockdown/torshov}, reason: lockdown}\n"
)
OFF, ON = (f"records: []\nswitches: {{lockdown/torshov: {state}}}\n" for state in ("off", "on"))


@pytest.fixture
async def library(hall: TownHall) -> TownHall:
    """The town with a switch for the library."""
    await hall.import_places(places_with(switches="lockdown/torshov"))
    return hall


async def settings(hall: TownHall, door: Door) -> DoorSettings:
    """What the controller is told of its doors now."""
    kept = await hall.installation.store.read(
        lambda connection: newest_settings(connection, hall.tenant.id, ControllerId(door.client.id))
    )
    assert kept is not None
    return parse_settings(kept[1]).claims


async def unlocked(
    hall: TownHall, door: Door, point: AccessPointNumber = MAIN
) -> tuple[Window, ...]:
    """When the settings have the access point stand unlocked."""
    told = (await settings(hall, door)).of_point(point)
    assert told is not None
    return told.unlock_windows


async def renew(hall: TownHall) -> None:
    """What a running server does every ten minutes."""
    tenant = hall.tenant
    await hall.write(
        lambda connection: renew_due(connection, tenant.authority, tenant.registers, hall.at)
    )


def evening(days: int) -> Window:
    """18:00 to 21:00 in Oslo, so many days from now, before the clocks change."""
    return Window(Instant(NOW + days * DAY - HOUR), Instant(NOW + days * DAY + 2 * HOUR))


async def test_an_unlock_is_told_fourteen_days_ahead_at_its_doors_alone(hall: TownHall) -> None:
    door = await hall.provision()
    before = await settings(hall, door)
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK})
    after = await settings(hall, door)
    assert after.version == before.version + 1
    told = await unlocked(hall, door)
    assert told[:3] == (evening(0), evening(1), evening(2))
    assert len(told) == 14
    assert told[-1].end <= MIDNIGHT_UTC + 14 * DAY
    assert await unlocked(hall, door, SIDE) == ()


async def test_a_door_provisioned_later_is_told_at_once(hall: TownHall) -> None:
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK})
    assert await unlocked(hall, await hall.provision())


async def test_a_schedule_is_renewed_daily_and_at_no_other_time(hall: TownHall) -> None:
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK})
    door = await hall.provision()
    first = await settings(hall, door)
    hall.clock.at = MIDNIGHT_UTC + DAY - 1
    await renew(hall)
    assert await settings(hall, door) == first
    hall.clock.at += 1
    await renew(hall)
    renewed = await settings(hall, door)
    assert renewed.version == first.version + 1
    assert (await unlocked(hall, door))[0] == evening(1)
    assert len(await unlocked(hall, door)) == 14


async def test_a_schedule_that_nobody_renews_ends(hall: TownHall) -> None:
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK})
    door = await hall.provision()
    assert max(window.end for window in await unlocked(hall, door)) <= NOW + 15 * DAY


async def test_D09_a_switch_that_is_on_or_unread_ends_the_unlocking(library: TownHall) -> None:
    door = await library.provision()
    await library.publish({"torshov.yaml": CALENDAR + UNLOCK + LOCKDOWN})
    assert await unlocked(library, door) == (), "no switch was ever read"
    await library.import_records(OFF)
    assert (await unlocked(library, door))[0] == evening(0)
    await library.import_records(ON)
    assert await unlocked(library, door) == ()


async def test_a_deny_of_anyone_ends_it_and_one_of_somebody_does_not(hall: TownHall) -> None:
    door = await hall.provision()
    excluded = '- {id: out, doors: "building:torshov", deny: {list: deichman-excluded}}\n'
    closed = (
        '- {id: flood, doors: "building:torshov", deny: anyone, except: {role: caretaker}, '
        "until: 2026-10-15, reason: flood}\n"
    )
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK + excluded})
    assert (await unlocked(hall, door))[0] == evening(0)
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK + closed})
    assert (await unlocked(hall, door))[0] == evening(2)


async def test_a_revision_from_later_on_unlocks_from_then_on(hall: TownHall) -> None:
    door = await hall.provision()
    turn = Instant(NOW + 2 * DAY)  # in the middle of an evening
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK}, active_from=turn)
    assert (await unlocked(hall, door))[:2] == (Window(turn, evening(2).end), evening(3))


@pytest.fixture
async def waiting(hall: TownHall) -> Journal:
    """A door that waits for staff, and its journal."""
    journal = Journal(hall, await hall.provision())
    await hall.publish({"torshov.yaml": CALENDAR + WAITING + STAFF + ANYONE})
    return journal


async def opened(journal: Journal, person: str, attempt: bytes = b"attempt!") -> None:
    """A person opens the main entrance now, and the door tells of it."""
    hall = journal.hall
    phone = await hall.enrol(person)
    given = await ask(hall, phone, [request(point=ENTRANCE)])
    journal.opened(claims(given.credentials[0]).cti, MAIN, hall.at, attempt)
    await journal.send()


async def test_a_door_that_waits_unlocks_from_the_opening_to_the_end_of_the_window(
    waiting: Journal,
) -> None:
    hall, door = waiting.hall, waiting.door
    assert await unlocked(hall, door) == ()
    await opened(waiting, "eva")
    assert await unlocked(hall, door) == (Window(NOW, evening(0).end),)
    hall.clock.at += DAY
    await renew(hall)
    assert await unlocked(hall, door) == (), "tomorrow waits for itself"


async def test_an_opening_by_somebody_it_does_not_wait_for_unlocks_nothing(
    waiting: Journal,
) -> None:
    before = await settings(waiting.hall, waiting.door)
    await opened(waiting, NORA)
    assert await settings(waiting.hall, waiting.door) == before


async def test_an_opening_before_the_window_unlocks_nothing(waiting: Journal) -> None:
    waiting.hall.clock.at = NOW + 22 * HOUR  # 17:00 in Oslo
    await opened(waiting, "eva")
    assert await unlocked(waiting.hall, waiting.door) == ()


async def test_an_opening_that_was_not_taken_unlocks_no_longer(waiting: Journal) -> None:
    await opened(waiting, "eva")
    waiting.not_taken(MAIN, waiting.hall.at, b"attempt!")
    await waiting.send()
    assert await unlocked(waiting.hall, waiting.door) == ()


async def test_the_opening_reaches_the_door_by_its_long_poll(waiting: Journal) -> None:
    hall, door = waiting.hall, waiting.door
    held = (await settings(hall, door)).version
    await opened(waiting, "eva")
    answer = await hall.tenant.updates.newer(door.client, (1, 99), held, None, hall.at)
    assert answer is not None
    newer = decode_update_answer(answer).settings
    assert newer is not None
    assert parse_settings(newer).claims.version == held + 1


async def test_an_upload_repeated_signs_nothing_anew(waiting: Journal) -> None:
    await opened(waiting, "eva")
    held = await settings(waiting.hall, waiting.door)
    await waiting.send()
    assert await settings(waiting.hall, waiting.door) == held


async def test_a_schedule_too_long_for_the_settings_tells_fewer_days(hall: TownHall) -> None:
    openings = {
        f"o{offset}": ", ".join(
            f'"{hour:02}:{3 * offset:02}-{hour:02}:{3 * offset + 1:02}"' for hour in range(24)
        )
        for offset in range(19)
    }
    weeks = ", ".join(f"{name}: {{mon-sun: [{hours}]}}" for name, hours in openings.items())
    holidays = ", ".join(f"{name}: as-weekday" for name in openings)
    often = (
        "for: building:torshov\ntime_zone: Europe/Oslo\n"
        f"calendars: {{often: {{holidays: {{{holidays}}}, {weeks}}}}}\n"
        'policies: [{id: open, doors: "door:torshov/entrance/main", unlock: anyone, '
        f"during: {{any: [{', '.join(f'often.{name}' for name in openings)}]}}}}]\n"
    )
    door = await hall.provision()
    await hall.publish({"torshov.yaml": often})
    kept = await hall.installation.store.read(
        lambda connection: newest_settings(connection, hall.tenant.id, ControllerId(door.client.id))
    )
    assert kept is not None
    assert len(kept[1]) <= SETTINGS_BYTES
    told = await unlocked(hall, door)
    assert told[0].start == MIDNIGHT_UTC
    assert NOW + DAY < told[-1].end < NOW + 13 * DAY


async def shown(hall: TownHall, person: str) -> KeyringPoint:
    """The main entrance in a person's keyring now."""
    phone = await hall.enrol(person)
    keyring = await hall.tenant.keyring.of(phone.client, "en", hall.at)
    return next(
        point
        for facility in keyring.facilities
        for point in facility.access_points
        if point.access_point == ENTRANCE
    )


async def test_a_door_that_stands_unlocked_is_open_to_who_has_no_key(hall: TownHall) -> None:
    await hall.publish({"torshov.yaml": CALENDAR + UNLOCK})
    assert (await shown(hall, NORA)).open_now
    hall.clock.at += 2 * HOUR
    later = await shown(hall, NORA)
    assert (later.open_now, later.opens_at) == (False, evening(1).start)


async def test_who_asks_at_a_door_that_stands_unlocked_is_told_so(hall: TownHall) -> None:
    await hall.publish(
        torshov('{id: x, doors: "door:torshov/entrance/side", unlock: anyone, during: always}')
    )
    phone = await hall.enrol(NORA)
    answer = await ask(hall, phone, [request(point="torshov/entrance/side")])
    ((told,),) = (refused.why for refused in answer.refused)
    assert told.reason == "unlocked"
    assert told.sentence
