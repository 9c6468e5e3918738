"""`POST /v1/controllers/me/journal`: batches by the agent key, taken once, in order."""

import pytest

from lockagent.protocol.access_event import (
    START,
    EventKind,
    JournalBatch,
    JournalEntry,
    encode_entry,
    entry_hash,
    sign_batch,
)
from lockagent.protocol.keys import SoftwareKey
from policies.vocabulary import ControllerId
from tests.keyserver.http.served import JOURNAL, Answer, Caller


def chain(caller: Caller, count: int, monotonic_ms: int = 0) -> tuple[bytes, ...]:
    """The first entries of a journal; another `monotonic_ms` makes another journal."""
    at, previous, entries = caller.served.at, START.hash, []
    for sequence in range(1, count + 1):
        entry = JournalEntry(
            sequence=sequence,
            previous=previous,
            utc_lo=at,
            utc_hi=at,
            monotonic_ms=monotonic_ms,
            boot=1,
            kind=EventKind.BOOT,
            point=None,
            reason=None,
            cti=None,
            trust_version=None,
            trust_age_seconds=None,
        )
        entries.append(encode_entry(entry))
        previous = entry_hash(entries[-1])
    return tuple(entries)


async def upload(
    caller: Caller,
    entries: tuple[bytes, ...],
    first: int = 1,
    *,
    controller: str | None = None,
    key: SoftwareKey | None = None,
) -> Answer:
    batch = JournalBatch(ControllerId(controller or caller.session.client), first, entries)
    content = sign_batch(batch, caller.served.hall.tenant.realm, key or caller.key)
    return await caller.call("POST", JOURNAL, content=content, content_type="application/cbor")


async def test_a_batch_is_taken_and_the_next_sequence_named(controller: Caller) -> None:
    answer = await upload(controller, chain(controller, 3))
    assert (answer.status, answer.body) == (200, {"next_sequence": 4})


async def test_a_batch_sent_again_is_answered_the_same(controller: Caller) -> None:
    entries = chain(controller, 3)
    answers = [await upload(controller, entries) for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, {"next_sequence": 4})] * 2


async def test_a_gap_names_the_entry_expected(controller: Caller) -> None:
    entries = chain(controller, 5)
    await upload(controller, entries[:2])
    answer = await upload(controller, entries[4:], first=5)
    assert (answer.status, answer.problem) == (409, "journal-gap")
    assert answer.body["expected_sequence"] == 3


async def test_another_journal_under_the_same_numbers_is_a_fork(controller: Caller) -> None:
    await upload(controller, chain(controller, 2))
    answer = await upload(controller, chain(controller, 2, monotonic_ms=7))
    assert (answer.status, answer.problem) == (409, "journal-fork")
    assert (await upload(controller, chain(controller, 2))).status == 200


@pytest.mark.parametrize("stray", ["controller", "key"])
async def test_another_s_journal_is_not_taken(controller: Caller, stray: str) -> None:
    entries = chain(controller, 1)
    if stray == "key":
        answer = await upload(controller, entries, key=SoftwareKey.generate())
    else:
        answer = await upload(controller, entries, controller="ctl_0123456789ABCDEF")
    assert (answer.status, answer.problem) == (403, "not-your-journal")
