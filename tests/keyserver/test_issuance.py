"""Issuance: what is released is what doors accept, what policy says, and recorded first."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa

from keyserver.config import KeyRole
from keyserver.errors import (
    IssuanceFault,
    KeyAlreadyUsed,
    NotThisCaller,
    Superseded,
    TooManyRequestsInBatch,
    UnknownAccessPoint,
    UnknownFacility,
)
from keyserver.services.doors.roots import newest_root
from keyserver.services.issuing.credential_records import (
    CredentialRequest,
    PreparedCredential,
    Released,
)
from keyserver.services.issuing.door_check import DoorCheck
from keyserver.services.issuing.issuance import IssuanceAnswer
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.storage.tables import credential
from lockagent.protocol.client_proof import MAX_ATTESTED_KEYS
from lockagent.protocol.credential import (
    CREDENTIAL_BYTES,
    Credential,
    parse_credential,
    sign_credential,
)
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.trust import TrustState
from policies.telling.language import Language
from policies.vocabulary import AccessPointNumber, Action, FacilityId, Instant
from tests.keyserver.town_hall import (
    AMUND,
    INGRID,
    KARIM,
    LIBRARY,
    NORA,
    NOW,
    Phone,
    TownHall,
    example,
)

MAIN_ENTRANCE = AccessPointNumber(4711)
HOUR, DAY = 3_600, 86_400


def request(facility: str = LIBRARY, point: str | None = None) -> CredentialRequest:
    """A request with a fresh presentation key."""
    return CredentialRequest(facility, SoftwareKey.generate().public, point)


def document(hours: dict[str, list[str]]) -> str:
    """A document that opens the library to anyone in these hours."""
    days = ", ".join(f"{day}: {spans}" for day, spans in hours.items()).replace("'", '"')
    return (
        "for: building:torshov\ntime_zone: Europe/Oslo\n"
        f"calendars: {{open: {{holidays: as-weekday, open: {{{days}}}}}}}\n"
        'policies: [{id: open, doors: "building:torshov", allow: anyone, during: open.open}]\n'
    )


async def ask(
    hall: TownHall, phone: Phone, requests: Sequence[CredentialRequest], language: str = "en"
) -> IssuanceAnswer:
    """Ask as the edge does."""
    return await hall.tenant.issuance.issue_all(phone.client, requests, language, hall.at)


def claims(released: Released) -> Credential:
    """What a released credential says."""
    return parse_credential(released.credential).claims


async def test_a_credential_says_what_policy_says(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    asked = request()
    answer = await ask(hall, nora, [asked])
    made = claims(answer.credentials[0])
    assert made.presentation_key == asked.key
    assert made.facility == LIBRARY
    assert made.revision == 1
    assert made.grant.permits(MAIN_ENTRANCE, Action.OPEN, NOW)
    assert not made.grant.permits(MAIN_ENTRANCE, Action.OPEN, Instant(NOW + 3 * HOUR))
    assert made.grant.permits(MAIN_ENTRANCE, Action.OPEN, Instant(NOW + 13 * HOUR))


async def test_what_comes_beside_a_credential_is_enough_for_a_door_and_a_phone(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    door = await hall.provision()
    released = (await ask(hall, nora, [request()])).credentials[0]
    root = door.provisioned.root
    trust = TrustState.begin(hall.tenant.realm, released.facility, root)
    trust = trust.update(released.trust_bundle, hall.at, hall.at)
    assert trust.is_epoch_current(claims(released).epoch)
    certificates = {reader.certificate for reader in door.provisioned.readers}
    assert set(released.reader_certificates) == certificates


async def test_a_14_year_old_gets_tomorrows_staffed_hours_and_nothing_tonight(
    hall: TownHall,
) -> None:
    amund = await hall.enrol(AMUND)
    made = claims((await ask(hall, amund, [request()])).credentials[0])
    assert not made.grant.permits(MAIN_ENTRANCE, Action.OPEN, NOW)
    assert made.grant.permits(MAIN_ENTRANCE, Action.OPEN, Instant(NOW + 17 * HOUR))


async def test_a_refusal_is_an_answer_with_a_reason_and_a_sentence(hall: TownHall) -> None:
    karim = await hall.enrol(KARIM)
    answer = await ask(hall, karim, [request("storgata-7")], "nb")
    assert not answer.credentials
    assert answer.refused[0].reason == "no-grant"
    why = answer.refused[0].why[0]
    assert (why.access_point, why.reason) == ("storgata-7/waste", "resident")
    assert why.sentence == (
        "Dette er bare for dem som bor i Storgata 7 borettslag. Bor du der?"
        " Se adressen din i Folkeregisteret."
    )
    assert await hall.rows("credential") == 0


async def test_a_refusal_does_not_show_staff_doors(hall: TownHall) -> None:
    karim = await hall.enrol(KARIM)
    answer = await ask(hall, karim, [request("frogner-pool")])
    assert "frogner-pool/plant-room" not in {why.access_point for why in answer.refused[0].why}


@pytest.mark.parametrize("late", [0, 1, 59, 60, 899, 450])
async def test_credentials_share_their_seconds_with_everybodys(hall: TownHall, late: int) -> None:
    hall.clock.at += late
    nora = await hall.enrol(NORA)
    made = claims((await ask(hall, nora, [request()])).credentials[0])
    assert made.issued_at == made.not_before <= hall.at < made.issued_at + 900
    assert made.issued_at % 900 == made.expires % 900 == 0
    assert made.expires - made.issued_at <= DAY


async def test_a_life_under_an_hour_has_the_step_of_a_minute(hall: TownHall) -> None:
    await hall.publish({"evening.yaml": document({"wed": ["18:00-22:00"]})})
    hall.clock.at += 2 * HOUR + 30 * 60 + 17  # 21:30:17 in Oslo
    nora = await hall.enrol(NORA)
    made = claims((await ask(hall, nora, [request()])).credentials[0])
    assert (made.issued_at, made.expires) == (hall.at - 17, NOW + 3 * HOUR)


async def test_a_window_that_has_just_ended_gives_nothing(hall: TownHall) -> None:
    await hall.publish({"evening.yaml": document({"wed": ["18:00-22:00"]})})
    hall.clock.at += 3 * HOUR
    nora = await hall.enrol(NORA)
    answer = await ask(hall, nora, [request()])
    assert answer.refused[0].why[0].reason == "during"
    hall.clock.at -= 1
    assert (await ask(hall, nora, [request()])).credentials


async def test_on_the_way_holds_that_point_alone_for_fifteen_minutes(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    made = claims((await ask(hall, nora, [request(point="torshov/entrance/main")])).credentials[0])
    assert {point for entry in made.grant.entries for point in entry.points} == {MAIN_ENTRANCE}
    assert made.expires - made.issued_at == 15 * 60


async def test_the_same_key_again_gets_the_stored_credential(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    asked = request()
    first = await ask(hall, nora, [asked])
    hall.clock.at += HOUR
    assert await ask(hall, nora, [asked]) == first
    assert await hall.rows("credential") == 1


async def test_the_same_request_at_once_has_one_credential(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    asked = request()
    answers = await asyncio.gather(*(ask(hall, nora, [asked]) for _ in range(4)))
    assert len({answer.credentials[0].credential for answer in answers}) == 1
    assert await hall.rows("credential") == 1


async def test_a_key_is_for_one_facility_one_device_one_purpose_and_its_life(
    hall: TownHall,
) -> None:
    nora, ingrid = await hall.enrol(NORA), await hall.enrol(INGRID)
    asked = request()
    await ask(hall, nora, [asked])
    for phone, other in (
        (nora, replace(asked, facility="storgata-7")),
        (nora, replace(asked, access_point="torshov/entrance/main")),
        (ingrid, asked),
    ):
        with pytest.raises(KeyAlreadyUsed):
            await ask(hall, phone, [other])
    hall.clock.at += DAY
    with pytest.raises(KeyAlreadyUsed):
        await ask(hall, nora, [asked])
    assert await hall.rows("credential") == 1


async def test_C13_a_batch_over_the_limit_records_nothing(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    with pytest.raises(TooManyRequestsInBatch):
        await ask(hall, nora, [request() for _ in range(MAX_ATTESTED_KEYS + 1)])
    with pytest.raises(TooManyRequestsInBatch):
        await ask(hall, nora, [])
    assert await hall.rows("credential") == 0


async def test_C13_a_fault_in_one_request_records_none_of_the_batch(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    twice = request()
    for faulty, refusal in (
        (request("atlantis"), UnknownFacility),
        (request(point="storgata-7/waste"), UnknownAccessPoint),
        (request(point="torshov/nowhere"), UnknownAccessPoint),
    ):
        with pytest.raises(refusal):
            await ask(hall, nora, [request(), faulty])
    with pytest.raises(KeyAlreadyUsed):
        await ask(hall, nora, [twice, twice])
    assert await hall.rows("credential") == await hall.rows("held_index") == 0


async def test_a_whole_batch_is_answered_in_order(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    requests = [request() for _ in range(MAX_ATTESTED_KEYS)]
    answer = await ask(hall, nora, requests)
    keys = [claims(released).presentation_key for released in answer.credentials]
    assert keys == [asked.key for asked in requests]
    assert len({claims(released).index for released in answer.credentials}) == MAX_ATTESTED_KEYS


async def test_a_revoked_device_gets_nothing(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    with pytest.raises(NotThisCaller):
        await ask(hall, nora, [request()])


async def _prepared(hall: TownHall, phone: Phone) -> PreparedCredential:
    issuance, asked = hall.tenant.issuance, [request()]
    outcomes = await hall.installation.store.read(
        lambda connection: issuance.prepare(
            connection, phone.client, asked, Language.ENGLISH, hall.at
        )
    )
    assert isinstance(outcomes[0], PreparedCredential)
    return outcomes[0]


async def test_a_prepared_credential_is_redeemed_once(hall: TownHall) -> None:
    prepared = await _prepared(hall, await hall.enrol(NORA))
    await hall.tenant.issuance.issue([prepared], hall.at)
    with pytest.raises(RuntimeError, match="not issued yet"):
        await hall.tenant.issuance.issue([prepared], hall.at)
    assert await hall.rows("credential") == 1


async def test_D04_nothing_prepared_before_a_revocation_is_released_after_it(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    prepared = await _prepared(hall, nora)
    await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    with pytest.raises(Superseded):
        await hall.tenant.issuance.issue([prepared], hall.at)
    assert await hall.rows("credential") == 0


async def test_D04_nothing_prepared_under_an_old_register_is_released_under_a_new_one(
    hall: TownHall,
) -> None:
    prepared = await _prepared(hall, await hall.enrol(NORA))
    await hall.import_people(example("people.yaml"))
    with pytest.raises(Superseded):
        await hall.tenant.issuance.issue([prepared], hall.at)


async def test_a_change_while_issuing_is_prepared_again_and_answered(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    answers = await asyncio.gather(
        ask(hall, nora, [request()]),
        hall.import_people(example("people.yaml")),
        ask(hall, nora, [request()]),
    )
    assert len(answers[0].credentials) == len(answers[2].credentials) == 1


async def test_a_person_no_longer_in_the_register_gets_nothing(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    await hall.import_people(example("people.yaml").replace("id: nora", "id: noora"))
    with pytest.raises(NotThisCaller):
        await ask(hall, nora, [request()])
    assert await live(hall) == 0


async def test_what_the_doors_would_refuse_is_not_released(hall: TownHall) -> None:
    prepared = await _prepared(hall, await hall.enrol(NORA))
    realm, at = hall.tenant.realm, hall.at
    intended = prepared.credential
    right = hall.tenant.signers.key(KeyRole.CREDENTIAL)
    root = await hall.installation.store.read(
        lambda connection: newest_root(connection, hall.tenant.id)
    )
    check = DoorCheck(realm)

    def verify(signed: bytes, intended: Credential, *, is_sensitive: bool = False) -> None:
        check.verify(
            signed,
            intended,
            is_sensitive=is_sensitive,
            root=root,
            bundle=prepared.bundle,
            at=at,
        )

    good = sign_credential(intended, realm, right)
    verify(good, intended)
    other = replace(intended, index=(intended.index + 1) % 2**20)
    old_epoch = replace(intended, epoch=0)
    for signed, meant, is_sensitive in (
        (good[:-1] + bytes((good[-1] ^ 1,)), intended, False),
        (sign_credential(intended, realm, SoftwareKey.generate()), intended, False),
        (sign_credential(other, realm, right), intended, False),
        (sign_credential(old_epoch, realm, right), old_epoch, False),
        (good, intended, True),
        (b"", intended, False),
    ):
        with pytest.raises(IssuanceFault):
            verify(signed, meant, is_sensitive=is_sensitive)


async def test_a_credential_too_large_ends_earlier(hall: TownHall) -> None:
    # Four sets of 24 windows: far more than 779 bytes hold, whatever the random index takes.
    rules = (
        ("door:torshov/entrance/main", "open", 0),
        ("door:torshov/entrance/side", "open", 20),
        ("building:torshov", "light", 40),
        ("building:torshov", "lock", 10),
    )
    documents = "for: building:torshov\ntime_zone: Europe/Oslo\ncalendars:\n"
    for _, action, minute in rules:
        hours = ", ".join(f'"{hour:02}:{minute:02}-{hour:02}:{minute + 15}"' for hour in range(24))
        opening = f"{action}{minute}"
        documents += f"  {opening}: {{holidays: as-weekday, {opening}: {{mon-sun: [{hours}]}}}}\n"
    documents += "policies:\n"
    for doors, action, minute in rules:
        opening = f"{action}{minute}"
        documents += (
            f'- {{id: {opening}, doors: "{doors}", allow: anyone, '
            f"during: {opening}.{opening}, with: {{actions: [{action}]}}}}\n"
        )
    await hall.publish({"often.yaml": documents})
    nora = await hall.enrol(NORA)
    released = (await ask(hall, nora, [request()])).credentials[0]
    made = claims(released)
    assert CREDENTIAL_BYTES - 40 < len(released.credential) <= CREDENTIAL_BYTES
    assert made.expires < made.issued_at + DAY
    assert made.expires % 900 == 0
    assert made.grant.permits(MAIN_ENTRANCE, Action.OPEN, NOW)
    parse_credential(released.credential)


async def test_an_index_is_held_by_one_credential_until_it_expires(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    made = claims((await ask(hall, nora, [request()])).credentials[0])
    records = hall.tenant.issuance.records
    drawn = [made.index, made.index, 7]
    free = await hall.installation.store.read(
        lambda connection: type(records)(
            replace(
                hall.tenant.authority,
                random_bytes=lambda size: drawn.pop(0).to_bytes(size, "big"),
            )
        ).free_index(connection, FacilityId(LIBRARY), hall.at)
    )
    assert free == 7


async def live(hall: TownHall) -> int:
    """How many credentials are out and not revoked."""
    statement = (
        sa.select(sa.func.count())
        .select_from(credential)
        .where(credential.c.revoked_at.is_(None), credential.c.expires > hall.at)
    )
    return await hall.installation.store.read(
        lambda connection: connection.execute(statement).scalar_one()
    )


async def test_a_staff_door_is_not_told_from_one_that_does_not_exist(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    said = set()
    for point in ("frogner-pool/plant-room", "frogner-pool/no-such-room"):
        with pytest.raises(UnknownAccessPoint) as refused:
            await ask(hall, nora, [request("frogner-pool", point)])
        said.add(str(refused.value))
    assert len(said) == 1


async def test_who_may_enter_a_staff_door_is_given_a_credential_for_it(hall: TownHall) -> None:
    technician = await hall.enrol("odd")
    answer = await ask(hall, technician, [request("frogner-pool", "frogner-pool/plant-room")])
    assert len(answer.credentials) == 1
