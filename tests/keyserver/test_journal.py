"""Journal intake: idempotent, no gaps, forks kept as evidence, every chain recomputable."""

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyserver.errors import JournalFork, JournalGap, NotThisCaller, NotYourJournal
from keyserver.services.doors.journal import MOST_FORKS_KEPT, check_chains, entries_of
from keyserver.storage.tables import journal_entry
from lockagent.protocol.access_event import (
    BATCH_ENTRIES,
    START,
    EventKind,
    JournalBatch,
    JournalEntry,
    JournalHead,
    encode_entry,
    entry_hash,
    sign_batch,
)
from lockagent.protocol.encoding import encode
from lockagent.protocol.envelope import ObjectType, sign
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import SoftwareKey
from policies.vocabulary import AccessPointNumber, ControllerId
from tests.keyserver.town_hall import NORA, NOW, Door, TownHall


def chain(count: int, after: JournalHead = START, boot: int = 1) -> list[bytes]:
    """Entries that continue a journal."""
    entries, head = [], after
    for _ in range(count):
        entry = encode_entry(
            JournalEntry(
                sequence=head.sequence + 1,
                previous=head.hash,
                utc_lo=NOW,
                utc_hi=NOW,
                monotonic_ms=head.sequence,
                boot=boot,
                kind=EventKind.DOOR_OPENED,
                point=AccessPointNumber(4711),
                reason=None,
                cti=None,
                trust_version=None,
                trust_age_seconds=None,
            )
        )
        head = JournalHead(head.sequence + 1, entry_hash(entry))
        entries.append(entry)
    return entries


def batch(hall: TownHall, door: Door, first: int, entries: list[bytes]) -> bytes:
    """A batch as the door signs it."""
    made = JournalBatch(ControllerId(door.client.id), first, tuple(entries))
    return sign_batch(made, hall.tenant.realm, door.agent_key)


async def send(hall: TownHall, door: Door, first: int, entries: list[bytes]) -> int:
    """Upload; the sequence expected next."""
    received = batch(hall, door, first, entries)
    return await hall.tenant.journal.receive(door.client, received, hall.at)


async def verified(hall: TownHall) -> list[bool]:
    """Whether each chain holds when it is recomputed."""
    return await hall.installation.store.read(
        lambda connection: [
            checked.broken is None for checked in check_chains(connection, hall.tenant.id)
        ]
    )


async def test_F02_an_upload_may_be_repeated(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(5)
    assert await send(hall, door, 1, entries) == 6
    assert await send(hall, door, 1, entries) == 6
    assert await send(hall, door, 3, entries[2:4]) == 5, "the sequence after the batch"
    assert await hall.rows("journal_entry") == 5
    assert await verified(hall) == [True]


async def test_F02_an_upload_that_overlaps_adds_only_what_is_new(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(8)
    await send(hall, door, 1, entries[:5])
    assert await send(hall, door, 3, entries[2:]) == 9
    assert await hall.rows("journal_entry") == 8


async def test_F02_the_same_upload_many_times_at_once_is_kept_once(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(20)
    answers = await asyncio.gather(*(send(hall, door, 1, entries) for _ in range(8)))
    assert set(answers) == {21}
    assert await hall.rows("journal_entry") == 20


async def test_F02_a_gap_is_refused_with_the_sequence_expected(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(6)
    await send(hall, door, 1, entries[:2])
    with pytest.raises(JournalGap) as refused:
        await send(hall, door, 4, entries[3:])
    assert refused.value.expected_sequence == 3
    assert await send(hall, door, 3, entries[2:]) == 7


async def test_F02_other_content_for_a_known_sequence_is_a_fork_kept_as_evidence(
    hall: TownHall,
) -> None:
    door, entries = await hall.provision(), chain(4)
    await send(hall, door, 1, entries)
    with pytest.raises(JournalFork) as refused:
        await send(hall, door, 1, chain(6, boot=2))
    assert refused.value.sequence == 1
    assert (await hall.rows("journal_entry"), await hall.rows("journal_fork")) == (4, 1)
    assert await verified(hall) == [True]


async def test_F02_one_contradiction_is_kept_once_however_often_it_is_signed(
    hall: TownHall,
) -> None:
    door = await hall.provision()
    await send(hall, door, 1, chain(2))
    for _ in range(3):
        with pytest.raises(JournalFork):
            await send(hall, door, 1, chain(2, boot=2))
    assert await hall.rows("journal_fork") == 1


async def test_F02_evidence_of_contradictions_is_bounded(hall: TownHall) -> None:
    door = await hall.provision()
    await send(hall, door, 1, chain(1))
    for boot in range(2, MOST_FORKS_KEPT + 6):
        with pytest.raises(JournalFork):
            await send(hall, door, 1, chain(1, boot=boot))
    assert await hall.rows("journal_fork") == MOST_FORKS_KEPT


async def test_F02_a_batch_that_does_not_continue_the_chain_is_a_fork(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(3)
    await send(hall, door, 1, entries)
    elsewhere = chain(2, JournalHead(3, bytes(32)))
    with pytest.raises(JournalFork):
        await send(hall, door, 4, elsewhere)
    assert (await hall.rows("journal_entry"), await hall.rows("journal_fork")) == (3, 1)


async def test_F02_a_chain_broken_inside_a_batch_is_refused_whole(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(5)
    del entries[2]
    with pytest.raises(JournalFork):
        await send(hall, door, 1, entries)
    assert await hall.rows("journal_entry") == 0


async def test_F01_a_batch_signed_by_another_key_is_not_yours(hall: TownHall) -> None:
    door = await hall.provision()
    stranger = replace(door, agent_key=SoftwareKey.generate())
    with pytest.raises(NotYourJournal):
        await send(hall, stranger, 1, chain(1))


async def test_F01_a_batch_of_another_controller_is_not_yours(hall: TownHall) -> None:
    door = await hall.provision()
    other = await hall.provision("storgata-7-1", ("storgata-7/waste",))
    received = batch(hall, replace(door, client=other.client), 1, chain(1))
    with pytest.raises(NotYourJournal):
        await hall.tenant.journal.receive(door.client, received, hall.at)


async def test_F01_a_phone_has_no_journal(hall: TownHall) -> None:
    door, nora = await hall.provision(), await hall.enrol(NORA)
    with pytest.raises(NotThisCaller):
        await hall.tenant.journal.receive(nora.client, batch(hall, door, 1, chain(1)), hall.at)


async def test_a_batch_holds_500_entries_and_not_one_more(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(BATCH_ENTRIES + 1)
    assert await send(hall, door, 1, entries[:BATCH_ENTRIES]) == BATCH_ENTRIES + 1
    payload = encode([door.client.id, 1, list(entries)])
    too_many = sign(payload, ObjectType.JOURNAL, hall.tenant.realm, door.agent_key)
    with pytest.raises(MalformedMessage):
        await hall.tenant.journal.receive(door.client, too_many, hall.at)


async def test_an_entry_changed_in_the_database_breaks_its_chain(hall: TownHall) -> None:
    door, entries = await hall.provision(), chain(5)
    await send(hall, door, 1, entries)
    for sequence in (3, 5):
        await _change_entry(hall, sequence, chain(sequence, boot=9)[-1])
        assert await verified(hall) == [False]
        await _change_entry(hall, sequence, entries[sequence - 1])
        assert await verified(hall) == [True]


async def _change_entry(hall: TownHall, sequence: int, entry: bytes) -> None:
    change = (
        sa.update(journal_entry).where(journal_entry.c.sequence == sequence).values(entry=entry)
    )
    await hall.write(lambda connection: connection.execute(change))


async def test_a_controller_provisioned_again_begins_a_new_journal(hall: TownHall) -> None:
    first = await hall.provision()
    await send(hall, first, 1, chain(3))
    second = await hall.provision()
    assert second.client.id != first.client.id
    assert await send(hall, second, 1, chain(2, boot=7)) == 3
    kept = await hall.installation.store.read(
        lambda connection: list(entries_of(connection, hall.tenant.id, "torshov-1"))
    )
    assert len(kept) == 5
    assert await verified(hall) == [True, True]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(uploads=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=8))
async def test_F02_whatever_the_order_of_uploads_the_journal_is_a_prefix_of_the_doors(
    hall: TownHall, uploads: list[tuple[int, int]]
) -> None:
    door = await hall.provision()
    entries, expected = chain(20), 1
    for start, count in uploads:
        upload = send(hall, door, start + 1, entries[start : start + count])
        if start + 1 > expected:
            with pytest.raises(JournalGap, match=f"expected the entry {expected} next"):
                await upload
        else:
            expected = max(expected, start + count + 1)
            assert await upload == start + count + 1, "the sequence after the batch, known or new"
    kept = await hall.installation.store.read(
        lambda connection: [
            entry for _, entry in entries_of(connection, hall.tenant.id, door.client.id)
        ]
    )
    assert kept == entries[: expected - 1]
