"""Provisioning and updates: what a door is given, and only what is newer."""

from dataclasses import replace

import pytest

from keyserver.config import KeyRole
from keyserver.errors import (
    AdministratorError,
    CodeNotAccepted,
    KeyAlreadyEnrolled,
    NotThisCaller,
    ReadersMismatch,
)
from keyserver.services.doors.bundles import MOST_REVOKED_READERS
from keyserver.services.doors.controllers import ReaderRequest
from keyserver.services.doors.issuer_keys import MOST_KEYS, NewKey, add_issuer_key
from keyserver.services.doors.readers import CERTIFICATE_LIFE_SECONDS
from keyserver.services.doors.renewal import renew_due
from keyserver.services.doors.settings import HELD_OPEN_SECONDS, STRIKE_SECONDS
from keyserver.services.idempotency import Idempotency
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.services.status import status_of
from lockagent.protocol.door_settings import verify_settings
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.reader_certificate import parse_reader_certificate
from lockagent.protocol.time_token import verify_time_token
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import Role, TrustVersion
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.protocol.update_answer import UpdateAnswer, decode_update_answer
from policies.vocabulary import ControllerId, FacilityId
from tests.keyserver.test_issuance import ask, request
from tests.keyserver.town_hall import (
    ADDRESS,
    LIBRARY,
    LIBRARY_CONTROLLER,
    LIBRARY_POINTS,
    NORA,
    Door,
    TownHall,
    example,
)

TORSHOV = FacilityId(LIBRARY)
NONCE = b"sixteen bytes!!!"


async def fetch(
    hall: TownHall,
    door: Door,
    bundle: tuple[int, int] | None = None,
    settings: int | None = None,
    nonce: bytes | None = None,
) -> UpdateAnswer | None:
    """Ask for what is newer."""
    answer = await hall.tenant.updates.newer(door.client, bundle, settings, nonce, hall.at)
    return None if answer is None else decode_update_answer(answer)


async def announce(hall: TownHall, role: KeyRole) -> NewKey:
    """Give the tenant a further key, as `new-issuer-key` does."""
    key, authority = SoftwareKey.generate(), hall.tenant.authority
    return await hall.write(
        lambda connection: add_issuer_key(connection, authority, role, key, hall.at)
    )


async def trust_of(hall: TownHall, door: Door) -> TrustState:
    """What a fresh door believes after its first update."""
    trust = TrustState.begin(hall.tenant.realm, TORSHOV, door.provisioned.root)
    first = await fetch(hall, door)
    if first is None or first.bundle is None:
        pytest.fail("expected a first update with a bundle")
    return trust.update(first.bundle, hall.at, hall.at)


async def test_a_fresh_door_can_verify_everything_it_is_given(hall: TownHall) -> None:
    door = await hall.provision()
    trust = await trust_of(hall, door)
    first = await fetch(hall, door, nonce=NONCE)
    assert first is not None
    assert first.settings is not None
    assert first.time_token is not None
    settings = verify_settings(first.settings, trust, ControllerId(door.client.id), 0, hall.at)
    assert [point.point for point in settings.points] == [4711, 4712]
    assert settings.points[0].strike_seconds == STRIKE_SECONDS
    assert settings.points[0].held_open_seconds == HELD_OPEN_SECONDS
    token = verify_time_token(first.time_token, trust)
    assert (token.nonce, token.issued_at) == (NONCE, hall.at)
    assert token.reader_id in {reader.reader_id for reader in door.provisioned.readers}
    for reader in door.provisioned.readers:
        received = parse_reader_certificate(reader.certificate)
        trust.issuer_key(received.sign1.kid, Role.READER, received.claims.issued_at)
        assert received.claims.reader_key == door.reader_keys[reader.access_point].public
        assert received.claims.expires - received.claims.issued_at <= CERTIFICATE_LIFE_SECONDS
        assert received.claims.points == (reader.number,)


async def test_nothing_newer_is_no_answer(hall: TownHall) -> None:
    door = await hall.provision()
    trust = await trust_of(hall, door)
    assert await fetch(hall, door, trust.version, 1) is None


async def test_a_nonce_is_answered_though_nothing_is_newer(hall: TownHall) -> None:
    door = await hall.provision()
    trust = await trust_of(hall, door)
    answer = await fetch(hall, door, trust.version, 1, NONCE)
    assert answer is not None
    assert answer == UpdateAnswer(time_token=answer.time_token)


async def test_a_nonce_of_another_length_is_malformed(hall: TownHall) -> None:
    door = await hall.provision()
    with pytest.raises(MalformedMessage):
        await fetch(hall, door, nonce=b"short")


async def test_what_a_door_says_it_holds_is_its_confirmation(hall: TownHall) -> None:
    door, nora = await hall.provision(), await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    done = await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    assert done.waiting == (LIBRARY_CONTROLLER,)
    await fetch(hall, door, done.bundles[TORSHOV], 1)
    status = await hall.installation.store.read(
        lambda connection: status_of(connection, hall.tenant.id, hall.at)
    )
    assert [door.bundle for door in status.controllers] == [done.bundles[TORSHOV]]
    assert status.controllers[0].seen_at == hall.at


async def test_a_new_root_comes_before_the_bundle_signed_under_it(hall: TownHall) -> None:
    door = await hall.provision()
    trust = await trust_of(hall, door)
    for role in (KeyRole.BUNDLE, KeyRole.ROOT):
        await announce(hall, role)
    answer = await fetch(hall, door, trust.version, 1)
    assert answer is not None
    assert answer.bundle is not None
    for root in answer.roots:
        trust = trust.update_root(root, hall.at)
    trust = trust.update(answer.bundle, hall.at, hall.at)
    assert trust.version == TrustVersion(3, 1)
    assert answer.settings is not None
    verify_settings(answer.settings, trust, ControllerId(door.client.id), 1, hall.at)


async def test_a_new_credential_key_is_announced_beside_the_old_one(hall: TownHall) -> None:
    door = await hall.provision()
    made = await announce(hall, KeyRole.CREDENTIAL)
    trust = await trust_of(hall, door)
    old = hall.tenant.signers.key(KeyRole.CREDENTIAL).public
    assert trust.issuer_key(old.kid, Role.CREDENTIAL, hall.at) == old
    trust.issuer_key(made.kid, Role.CREDENTIAL, hall.at)


async def test_a_reader_certificate_is_renewed_before_it_ends_and_fetched_once(
    hall: TownHall,
) -> None:
    door = await hall.provision()
    held = (await trust_of(hall, door)).version
    hall.clock.at += CERTIFICATE_LIFE_SECONDS * 3 // 4
    await hall.write(
        lambda connection: renew_due(
            connection, hall.tenant.authority, hall.tenant.registers, hall.at
        )
    )
    answer = await fetch(hall, door, held, 1)
    assert answer is not None
    renewed = [parse_reader_certificate(one).claims for one in answer.reader_certificates]
    ids = [reader.reader_id for reader in door.provisioned.readers]
    assert sorted(one.reader_id for one in renewed) == sorted(ids)
    assert all(one.issued_at == hall.at for one in renewed)
    trust = TrustState.begin(hall.tenant.realm, TORSHOV, door.provisioned.root)
    trust = trust.update(answer.bundle or b"", hall.at, hall.at)
    assert await fetch(hall, door, trust.version, 1) is None


async def test_a_place_that_becomes_sensitive_changes_the_settings(hall: TownHall) -> None:
    door = await hall.provision()
    trust = await trust_of(hall, door)
    places = example("places.yaml").replace(
        "name: Sideinngang, listed: false}", "name: Sideinngang, listed: false, sensitive: true}"
    )
    await hall.import_places(places)
    answer = await fetch(hall, door, trust.version, 1)
    assert answer is not None
    assert answer.settings is not None
    settings = verify_settings(answer.settings, trust, ControllerId(door.client.id), 1, hall.at)
    assert settings.version == 2
    assert [point.sensitive for point in settings.points] == [False, True]
    await hall.import_places(places)
    assert await fetch(hall, door, trust.version, 2) is None


@pytest.mark.parametrize(
    "points",
    [
        (),
        LIBRARY_POINTS[:1],
        (*LIBRARY_POINTS, "storgata-7/waste"),
        (LIBRARY_POINTS[0], LIBRARY_POINTS[0]),
        ("torshov/entrance/main", "torshov/nowhere"),
    ],
)
async def test_readers_that_are_not_the_controllers_are_refused(
    hall: TownHall, points: tuple[str, ...]
) -> None:
    with pytest.raises(ReadersMismatch):
        await hall.provision(points=points)
    assert await hall.rows("controller") == await hall.rows("reader") == 0


async def test_every_reader_has_a_key_of_its_own(hall: TownHall) -> None:
    key = SoftwareKey.generate().public
    with pytest.raises(ReadersMismatch):
        await hall.tenant.controllers.provision(
            await hall.controller_code(LIBRARY_CONTROLLER),
            SoftwareKey.generate().public,
            "test",
            [ReaderRequest(point, key) for point in LIBRARY_POINTS],
            ADDRESS,
            None,
            hall.at,
        )


async def test_a_code_for_a_phone_provisions_no_controller(hall: TownHall) -> None:
    with pytest.raises(CodeNotAccepted):
        await hall.tenant.controllers.provision(
            await hall.enrol_code(NORA),
            SoftwareKey.generate().public,
            "test",
            [],
            ADDRESS,
            None,
            hall.at,
        )


async def test_a_controller_provisioned_again_retires_the_one_before(hall: TownHall) -> None:
    first = await hall.provision()
    second = await hall.provision()
    assert await hall.tenant.clients.find(first.client.id) is None
    with pytest.raises(NotThisCaller):
        await fetch(hall, first)
    ids = [[reader.reader_id for reader in door.provisioned.readers] for door in (first, second)]
    assert ids[0] == ids[1], "an access point keeps its reader id"
    trust = await trust_of(hall, second)
    for reader in first.provisioned.readers:
        assert trust.is_reader_revoked(parse_reader_certificate(reader.certificate).claims.cti)
    for reader in second.provisioned.readers:
        assert not trust.is_reader_revoked(parse_reader_certificate(reader.certificate).claims.cti)


async def test_an_agent_key_is_provisioned_once(hall: TownHall) -> None:
    door = await hall.provision()
    with pytest.raises(KeyAlreadyEnrolled):
        await hall.tenant.controllers.provision(
            await hall.controller_code(LIBRARY_CONTROLLER),
            door.agent_key.public,
            "test",
            [ReaderRequest(point, key.public) for point, key in door.reader_keys.items()],
            ADDRESS,
            None,
            hall.at,
        )


async def test_the_same_provisioning_again_gets_the_same_answer(hall: TownHall) -> None:
    code = await hall.controller_code(LIBRARY_CONTROLLER)
    agent = SoftwareKey.generate().public
    readers = [ReaderRequest(point, SoftwareKey.generate().public) for point in LIBRARY_POINTS]
    once = Idempotency("once", bytes(32))
    provision = hall.tenant.controllers.provision
    first = await provision(code, agent, "test", readers, ADDRESS, once, hall.at)
    again = await provision(code, agent, "test", readers, ADDRESS, once, hall.at)
    assert first == again
    assert await hall.rows("controller") == 1


async def test_a_phone_fetches_no_updates(hall: TownHall) -> None:
    door, nora = await hall.provision(), await hall.enrol(NORA)
    with pytest.raises(NotThisCaller):
        await fetch(hall, replace(door, client=nora.client))


async def replace_reader_often(hall: TownHall, times: int) -> list[Door]:
    """Provision one controller again and again, a minute apart."""
    doors = []
    for _ in range(times):
        hall.clock.at += 60
        doors.append(await hall.provision())
    return doors


async def test_A24_replaced_readers_never_fill_a_bundle_and_stay_refused(hall: TownHall) -> None:
    doors = await replace_reader_often(hall, 45)
    newest = doors[-1]
    trust = await trust_of(hall, newest)
    bundle = trust.bundle
    assert bundle is not None
    assert len(bundle.revoked_readers) <= MOST_REVOKED_READERS

    def is_honoured(certificate: bytes) -> bool:
        parsed = parse_reader_certificate(certificate)
        try:
            trust.issuer_key(parsed.sign1.kid, Role.READER, parsed.claims.issued_at)
        except TrustRefused:
            return False
        return not trust.is_reader_revoked(parsed.claims.cti)

    for door in doors[:-1]:
        assert not any(is_honoured(reader.certificate) for reader in door.provisioned.readers)
    assert all(is_honoured(reader.certificate) for reader in newest.provisioned.readers)
    await announce(hall, KeyRole.READER)
    nora = await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    assert (await hall.revoke(RevocationKind.DEVICE, nora.client.id)).credentials == 1


async def test_readers_in_use_get_new_certificates_where_their_key_counts_from_later_on(
    hall: TownHall,
) -> None:
    places = example("places.yaml").replace(
        "number: 4712, controller: torshov-1", "number: 4712, controller: torshov-2"
    )
    await hall.import_places(places)
    side = await hall.provision("torshov-2", LIBRARY_POINTS[1:])
    held = (await trust_of(hall, side)).version
    for _ in range(MOST_REVOKED_READERS + 2):
        hall.clock.at += 60
        await hall.provision(points=LIBRARY_POINTS[:1])
    trust = await trust_of(hall, side)
    answer = await fetch(hall, side, held, 1)
    assert answer is not None
    (renewed,) = answer.reader_certificates
    parsed = parse_reader_certificate(renewed)
    key = trust.issuer_key(parsed.sign1.kid, Role.READER, parsed.claims.issued_at)
    parsed.verify(ObjectType.READER, hall.tenant.realm, key)
    assert parsed.claims.reader_key == side.reader_keys[LIBRARY_POINTS[1]].public
    assert not trust.is_reader_revoked(parsed.claims.cti)


async def test_a_role_has_so_few_keys_that_a_bundle_has_room_for_revocations(
    hall: TownHall,
) -> None:
    for role in (KeyRole.CREDENTIAL, KeyRole.READER, KeyRole.TIME, KeyRole.ACK):
        for _ in range(MOST_KEYS - 1):
            await announce(hall, role)
        with pytest.raises(AdministratorError, match=f"at most {MOST_KEYS} {role} keys"):
            await announce(hall, role)
    await replace_reader_often(hall, 2 + MOST_REVOKED_READERS // 2)
    nora = await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    assert (await hall.revoke(RevocationKind.PERSON, NORA)).credentials == 1


async def test_a_controller_keeps_its_doors_until_the_one_they_are_named_for_comes(
    hall: TownHall,
) -> None:
    door = await hall.provision()
    await hall.import_places(example("places.yaml").replace("torshov-1", "torshov-9"))
    assert (await fetch(hall, door, nonce=NONCE)) is not None
    await hall.provision("torshov-9")
    assert await hall.tenant.clients.find(door.client.id) is None
    with pytest.raises(NotThisCaller):
        await fetch(hall, door, nonce=NONCE)


async def test_a_controller_none_of_whose_access_points_is_left_is_retired(
    hall: TownHall,
) -> None:
    door = await hall.provision("haraldrud-1", ("haraldrud/gate/vehicles",))
    await hall.publish({"torshov.yaml": example("torshov.yaml")})
    without = [line for line in example("places.yaml").splitlines() if "haraldrud/gate" not in line]
    imported = await hall.import_places("\n".join(without) + "\n")
    assert imported.controllers_retired == 1
    assert await hall.tenant.clients.find(door.client.id) is None


async def test_a_controller_that_claims_a_later_version_waits_and_is_shown(hall: TownHall) -> None:
    door, nora = await hall.provision(), await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    await fetch(hall, door, (1, 999), 77)
    done = await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    assert done.waiting == (LIBRARY_CONTROLLER,)
    status = await hall.installation.store.read(
        lambda connection: status_of(connection, hall.tenant.id, hall.at)
    )
    (shown,) = status.controllers
    assert shown.is_ahead
    assert not shown.is_confirmed
