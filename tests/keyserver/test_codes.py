"""Codes typed by people: once, for their minutes, for their purpose, and few wrong tries."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyserver.errors import (
    CodeNotAccepted,
    DeviceLimit,
    IdempotencyConflict,
    KeyAlreadyEnrolled,
    TooManyTries,
)
from keyserver.services.idempotency import Idempotency
from keyserver.services.identifiers import ALPHABET, code_hash, new_code
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.services.people.codes import TRIES_A_MINUTE, WrongTries
from keyserver.services.people.enrolment import DEVICES_PER_PERSON, Enrolled
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.root import parse_root
from policies.vocabulary import Instant
from tests.keyserver.town_hall import ADDRESS, LIBRARY_CONTROLLER, NORA, TownHall, example


async def _enrol(
    hall: TownHall,
    code: str,
    key: SoftwareKey | None = None,
    idempotency: Idempotency | None = None,
    address: str = ADDRESS,
) -> Enrolled:
    key = key or SoftwareKey.generate()
    return await hall.tenant.enrolment.enrol(
        code, key.public, "phone", "test", address, idempotency, hall.at
    )


@given(st.binary(min_size=8, max_size=8))
def test_a_code_has_three_groups_of_four_and_is_read_as_it_was_made(dice: bytes) -> None:
    code = new_code(lambda _: dice)
    assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert set(code) <= {*ALPHABET, "-"}
    assert code_hash(code) == code_hash(code.lower().replace("-", " ").replace("0", "o"))


@given(st.text(max_size=60))
def test_a_text_of_another_form_is_no_code(text: str) -> None:
    typed = text.upper().replace("-", "").replace(" ", "")
    assert (code_hash(text) is None) or len(typed) == 12


async def test_a_code_enrols_once(hall: TownHall) -> None:
    code = await hall.enrol_code(NORA)
    enrolled = await _enrol(hall, code)
    assert parse_root(enrolled.root).claims.version == 1
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)
    assert await hall.rows("device") == 1


async def test_of_many_at_once_one_gets_the_code(hall: TownHall) -> None:
    code = await hall.enrol_code(NORA)
    answers = await asyncio.gather(
        *(_enrol(hall, code, address=f"192.0.2.{n}") for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, Enrolled) for answer in answers) == 1
    assert await hall.rows("device") == 1


async def test_a_code_is_good_for_30_minutes_and_not_a_second_more(hall: TownHall) -> None:
    first, second = await hall.enrol_code(NORA), await hall.enrol_code(NORA)
    hall.clock.at += 30 * 60 - 1
    await _enrol(hall, first)
    hall.clock.at += 1
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, second)


async def test_a_code_for_a_controller_enrols_no_phone(hall: TownHall) -> None:
    code = await hall.controller_code(LIBRARY_CONTROLLER)
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)


async def test_a_code_is_not_in_the_database(hall: TownHall) -> None:
    code = await hall.enrol_code(NORA)
    files = hall.config.database.parent.glob("keyserver.db*")
    for file in files:
        content = file.read_bytes()
        assert code.encode() not in content
        assert code.replace("-", "").encode() not in content


async def test_unknown_used_and_expired_codes_get_one_answer(hall: TownHall) -> None:
    used, expired = await hall.enrol_code(NORA), await hall.enrol_code(NORA)
    await _enrol(hall, used)
    hall.clock.at += 3600
    said = set()
    for code in (used, expired, "0000-0000-0000", "nonsense", ""):
        with pytest.raises(CodeNotAccepted) as refused:
            await _enrol(hall, code)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_C16_an_address_gets_ten_wrong_tries_a_minute(hall: TownHall) -> None:
    good = await hall.enrol_code(NORA)
    for _ in range(TRIES_A_MINUTE):
        with pytest.raises(CodeNotAccepted):
            await _enrol(hall, "0000-0000-0000")
    with pytest.raises(TooManyTries) as refused:
        await _enrol(hall, good)
    assert 1 <= (refused.value.retry_after_seconds or 0) <= 60
    await _enrol(hall, good, address="192.0.2.99")


async def test_C16_tries_at_once_are_counted_while_they_run(hall: TownHall) -> None:
    answers = await asyncio.gather(
        *(_enrol(hall, "0000-0000-0000") for _ in range(30)), return_exceptions=True
    )
    assert sum(isinstance(answer, CodeNotAccepted) for answer in answers) == TRIES_A_MINUTE
    assert sum(isinstance(answer, TooManyTries) for answer in answers) == 20


def test_right_codes_and_old_tries_count_nothing() -> None:
    tries = WrongTries()
    for second in range(100):
        with tries.one_try("a", Instant(second)):
            pass
    for second in (0, 59, 60, 119):
        for _ in range(5):
            with pytest.raises(CodeNotAccepted), tries.one_try("a", Instant(second)):
                raise CodeNotAccepted


async def test_a_key_is_enrolled_once_even_after_its_device_was_revoked(hall: TownHall) -> None:
    key = SoftwareKey.generate()
    enrolled = await _enrol(hall, await hall.enrol_code(NORA), key)
    await hall.revoke(RevocationKind.DEVICE, enrolled.device)
    code = await hall.enrol_code("ingrid")
    with pytest.raises(KeyAlreadyEnrolled):
        await _enrol(hall, code, key)
    await _enrol(hall, code)


async def test_a_person_has_at_most_ten_devices_and_a_revoked_one_frees_a_place(
    hall: TownHall,
) -> None:
    devices = [
        (await _enrol(hall, await hall.enrol_code(NORA))).device for _ in range(DEVICES_PER_PERSON)
    ]
    code = await hall.enrol_code(NORA)
    with pytest.raises(DeviceLimit):
        await _enrol(hall, code)
    await hall.revoke(RevocationKind.DEVICE, devices[0])
    await _enrol(hall, code)


async def test_the_same_request_again_gets_the_same_answer(hall: TownHall) -> None:
    key, code = SoftwareKey.generate(), await hall.enrol_code(NORA)
    request = Idempotency("once", b"1" * 32)
    first = await _enrol(hall, code, key, request)
    assert await _enrol(hall, code, key, request) == first
    assert await hall.rows("device") == 1
    with pytest.raises(IdempotencyConflict):
        await _enrol(hall, code, key, Idempotency("once", b"2" * 32))


async def test_a_code_made_before_its_person_was_revoked_enrols_nobody(hall: TownHall) -> None:
    await hall.enrol(NORA)
    code = await hall.enrol_code(NORA)
    done = await hall.revoke(RevocationKind.PERSON, NORA)
    assert (done.devices, done.codes) == (1, 1)
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)
    await _enrol(hall, await hall.enrol_code(NORA))


async def test_a_person_with_nothing_but_an_unused_code_can_be_revoked(hall: TownHall) -> None:
    code = await hall.enrol_code(NORA)
    done = await hall.revoke(RevocationKind.PERSON, NORA)
    assert (done.devices, done.codes, done.credentials) == (0, 1, 0)
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)


async def test_D10_the_code_of_whoever_left_the_register_enrols_nobody_later_either(
    hall: TownHall,
) -> None:
    code = await hall.enrol_code(NORA)
    imported = await hall.import_people(example("people.yaml").replace("id: nora", "id: noora"))
    assert (imported.leavers.people, imported.leavers.codes) == (1, 1)
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)
    await hall.import_people(example("people.yaml"))
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)


async def test_a_code_for_somebody_the_register_does_not_know_is_not_accepted(
    hall: TownHall,
) -> None:
    code = await hall.enrol_code("stranger")
    with pytest.raises(CodeNotAccepted):
        await _enrol(hall, code)
    assert await hall.rows("device") == 0


async def test_C16_a_try_whose_caller_went_away_counts(hall: TownHall) -> None:
    tries = WrongTries()
    for _ in range(TRIES_A_MINUTE):
        with pytest.raises(asyncio.CancelledError), tries.one_try("a", hall.at):
            raise asyncio.CancelledError
    with pytest.raises(TooManyTries), tries.one_try("a", hall.at):
        pass
