"""Revocation: in the bundle by the transaction that revokes, and never silently dropped."""

from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from keyserver.errors import AdministratorError
from keyserver.services.doors.bundles import newest_bundle, renew_bundle
from keyserver.services.doors.renewal import renew_due
from keyserver.services.issuing.lost_rights import is_within
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.storage.tables import credential
from lockagent.protocol.credential import Credential
from lockagent.protocol.trust_bundle import TrustBundle, TrustVersion, parse_bundle
from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import AccessPointNumber, Action, FacilityId, Instant
from tests.keyserver.test_issuance import ask, claims, document, request
from tests.keyserver.town_hall import (
    AMUND,
    LIBRARY,
    NORA,
    NOW,
    Phone,
    TownHall,
    example,
)

TORSHOV = FacilityId(LIBRARY)
DAY = 86_400


async def bundle(hall: TownHall, facility: FacilityId = TORSHOV) -> TrustBundle:
    """What the doors of a facility are told now."""
    _, signed = await hall.installation.store.read(
        lambda connection: newest_bundle(connection, hall.tenant.id, facility)
    )
    return parse_bundle(signed).claims


async def issued(hall: TownHall, phone: Phone) -> Credential:
    """A fresh credential of a phone."""
    return claims((await ask(hall, phone, [request()])).credentials[0])


async def test_a_revoked_device_has_its_credentials_in_the_next_bundle(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    made = [await issued(hall, nora) for _ in range(3)]
    before = await bundle(hall)
    done = await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    after = await bundle(hall)
    assert (done.devices, done.credentials) == (1, 3)
    assert after.revoked == {one.index for one in made}
    assert after.version == done.bundles[TORSHOV] > before.version
    assert await hall.tenant.clients.find(nora.client.id) is None


async def test_a_credential_is_revoked_alone(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    one, other = await issued(hall, nora), await issued(hall, nora)
    await hall.revoke(RevocationKind.CREDENTIAL, one.cti.hex())
    assert (await bundle(hall)).revoked == {one.index} != {other.index}
    assert await hall.tenant.clients.find(nora.client.id) is not None


async def test_a_person_is_revoked_with_all_devices_and_may_enrol_anew(hall: TownHall) -> None:
    phones = [await hall.enrol(NORA) for _ in range(2)]
    made = [await issued(hall, phone) for phone in phones]
    done = await hall.revoke(RevocationKind.PERSON, NORA)
    assert (done.devices, done.credentials) == (2, 2)
    assert (await bundle(hall)).revoked == {one.index for one in made}
    await issued(hall, await hall.enrol(NORA))


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (RevocationKind.DEVICE, "dev_0000000000000000"),
        (RevocationKind.PERSON, "nobody"),
        (RevocationKind.CREDENTIAL, "00" * 8),
        (RevocationKind.CREDENTIAL, "not hex"),
    ],
)
async def test_what_is_not_there_cannot_be_revoked(
    hall: TownHall, kind: RevocationKind, target: str
) -> None:
    with pytest.raises(AdministratorError):
        await hall.revoke(kind, target)
    assert await hall.rows("revocation") == 0


async def test_an_expired_credential_leaves_the_list(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    made = await issued(hall, nora)
    await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    hall.clock.at = made.expires
    await _renew(hall)
    assert (await bundle(hall)).revoked == frozenset()


async def test_a_revoked_index_is_not_given_again_while_a_bundle_may_list_it(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    made = await issued(hall, nora)
    await hall.revoke(RevocationKind.CREDENTIAL, made.cti.hex())
    drawn = [made.index, 5]
    authority = replace(
        hall.tenant.authority, random_bytes=lambda size: drawn.pop(0).to_bytes(size, "big")
    )
    records = type(hall.tenant.issuance.records)(authority)
    free = await hall.installation.store.read(
        lambda connection: records.free_index(connection, TORSHOV, Instant(made.expires + DAY))
    )
    assert free == 5


async def test_A24_more_revocations_than_a_bundle_lists_raise_the_epoch(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    first = await issued(hall, nora)
    before = await bundle(hall)
    rows = [_row(number, first.expires) for number in range(600)]
    await hall.write(partial(_insert, rows))
    done = await hall.revoke(RevocationKind.PERSON, "crowd")
    after = await bundle(hall)
    assert done.credentials == 600
    assert after.epoch == before.epoch + 1
    assert after.revoked == frozenset()
    assert first.epoch < after.epoch, "whatever was revoked is refused by its epoch"
    again = await issued(hall, nora)
    assert again.epoch == after.epoch


async def test_A24_as_many_as_fit_are_listed_and_none_is_dropped(hall: TownHall) -> None:
    listed = epoch = 0
    for number in range(0, 400, 20):
        rows = [_row(number + n, NOW + DAY) for n in range(20)]
        await hall.write(partial(_insert, rows))
        await hall.revoke(RevocationKind.PERSON, "crowd")
        now = await bundle(hall)
        if epoch and now.epoch > epoch:
            break
        epoch, listed = now.epoch, len(now.revoked)
        assert listed == number + 20
    assert 150 < listed < 300
    assert (await bundle(hall)).epoch == epoch + 1


async def test_a_bundle_is_signed_anew_daily_and_at_no_other_time(hall: TownHall) -> None:
    first = (await bundle(hall)).version
    await _renew(hall)
    assert (await bundle(hall)).version == first
    hall.clock.at += 20 * 3_600
    await _renew(hall)
    renewed = await bundle(hall)
    assert renewed.version == TrustVersion(first.root, first.counter + 1)
    assert renewed.issued == hall.at
    assert renewed.expires - renewed.issued <= 90 * DAY


async def test_the_bundles_of_other_facilities_stay_as_they_are(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    await issued(hall, nora)
    elsewhere = await bundle(hall, FacilityId("haraldrud"))
    await hall.revoke(RevocationKind.DEVICE, nora.client.id)
    assert await bundle(hall, FacilityId("haraldrud")) == elsewhere


async def test_a_publication_that_takes_windows_away_revokes_what_holds_them(
    hall: TownHall,
) -> None:
    nora, amund = await hall.enrol(NORA), await hall.enrol(AMUND)
    hers, his = await issued(hall, nora), await issued(hall, amund)
    staffed_only = {"wed-thu": ["10:00-18:00"]}
    published = await hall.publish({"torshov.yaml": document(staffed_only)})
    assert published.revoked == 1
    assert (await bundle(hall)).revoked == {hers.index} != {his.index}
    now = (await issued(hall, nora)).grant
    assert not now.permits(AccessPointNumber(4711), Action.OPEN, NOW)


async def test_a_publication_that_only_adds_revokes_nothing(hall: TownHall) -> None:
    await issued(hall, await hall.enrol(NORA))
    around_the_clock = {"mon-sun": ["00:00-24:00"]}
    published = await hall.publish({"torshov.yaml": document(around_the_clock)})
    assert (published.revision, published.revoked) == (2, 0)


async def test_a_fact_that_ends_rights_revokes_what_holds_them(hall: TownHall) -> None:
    made = await issued(hall, await hall.enrol(NORA))
    people = example("people.yaml").splitlines(keepends=True)
    without_terms = "".join(line for line in people if "kind: terms" not in line)
    assert (await hall.import_people(without_terms)).credentials_revoked == 1
    assert made.index in (await bundle(hall)).revoked


async def test_a_person_who_leaves_the_register_loses_device_and_credentials(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    made = await issued(hall, nora)
    await hall.import_people(example("people.yaml").replace("id: nora", "id: noora"))
    assert made.index in (await bundle(hall)).revoked
    assert await hall.tenant.clients.find(nora.client.id) is None


async def test_a_renewal_at_any_rate_grows_the_counter(hall: TownHall) -> None:
    first = (await bundle(hall)).version
    version = await hall.write(
        lambda connection: renew_bundle(
            connection, hall.tenant.authority, TORSHOV, hall.at, at_any_rate=True
        )
    )
    assert version == TrustVersion(first.root, first.counter + 1)


POINTS = st.sampled_from([(1,), (2,), (1, 2)])
FLAGS = st.integers(1, 127).map(GrantFlags)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """Small grants whose windows meet, overlap and miss each other."""
    entries = []
    for _ in range(draw(st.integers(1, 3))):
        edges = sorted(draw(st.sets(st.integers(0, 12), min_size=2, max_size=6)))
        windows = tuple(
            Window(Instant(a), Instant(b)) for a, b in zip(edges[::2], edges[1::2], strict=False)
        )
        points = tuple(AccessPointNumber(point) for point in draw(POINTS))
        entries.append(GrantEntry(points, windows, draw(FLAGS)))
    return Grant(tuple(entries))


@given(grants(), grants(), st.integers(0, 12))
def test_a_grant_is_within_another_exactly_when_every_instant_of_it_is(
    held: Grant, given_now: Grant, at: int
) -> None:
    presence = GrantFlags.NEEDS_PRESENCE

    def permits(grant: Grant, point: int, right: GrantFlags, second: int, most: GrantFlags) -> bool:
        return any(
            entry.flags & right
            and not entry.flags & presence & ~most
            and any(start <= second < end for start, end in entry.windows)
            for entry in grant.entries_of(AccessPointNumber(point))
        )

    expected = all(
        permits(given_now, point, right, second, entry.flags)
        for entry in held.entries
        for point in entry.points
        for right in GrantFlags
        if entry.flags & right and right is not presence
        for start, end in entry.windows
        for second in range(max(start, at), end)
    )
    assert is_within(held, given_now, Instant(at)) == expected
    assert is_within(held, held, Instant(at))


def _row(number: int, expires: int) -> dict[str, object]:
    return {
        "tenant": "oslo",
        "cti": number.to_bytes(8, "big"),
        "presentation": f"key {number}",
        "device": "dev_crowd",
        "person": "crowd",
        "facility": LIBRARY,
        "status_index": number * 1_700,
        "epoch": 1,
        "revision": 1,
        "not_before": NOW,
        "expires": expires,
        "issued_at": NOW,
        "credential": b"",
    }


def _insert(rows: list[dict[str, object]], connection: sa.Connection) -> None:
    connection.execute(sa.insert(credential), rows)


async def _renew(hall: TownHall) -> None:
    await hall.write(
        lambda connection: renew_due(
            connection, hall.tenant.authority, hall.tenant.registers, hall.at
        )
    )
