"""Journal entries, batches and update answers: bytes and back, and no break goes unseen."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.protocol.access_event import (
    BATCH_ENTRIES,
    START,
    EventKind,
    JournalBatch,
    JournalEntry,
    JournalHead,
    decode_entry,
    encode_entry,
    entry_hash,
    first_break,
    parse_batch,
    sign_batch,
)
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import DenialReason, MalformedMessage
from lockagent.protocol.trust_bundle import TrustVersion
from lockagent.protocol.update_answer import (
    UpdateAnswer,
    decode_update_answer,
    encode_update_answer,
)
from policies.vocabulary import AccessPointNumber, ControllerId, Instant
from tests.vectors.fixed import AGENT_KEY, REALM, STRANGER

CONTROLLER = ControllerId("ctl_0123456789abcdef")
NUMBERS = st.integers(0, 2**32 - 1)


@st.composite
def entries(draw: st.DrawFn) -> JournalEntry:
    """Any entry a controller may write."""
    lo = draw(NUMBERS)
    return JournalEntry(
        sequence=draw(st.integers(1, 2**40)),
        previous=draw(st.binary(min_size=32, max_size=32)),
        utc_lo=Instant(lo),
        utc_hi=draw(st.none() | st.integers(lo, lo + 2**32).map(Instant)),
        monotonic_ms=draw(NUMBERS),
        boot=draw(NUMBERS),
        kind=draw(st.sampled_from(EventKind)),
        point=draw(st.none() | st.integers(1, 2**32 - 1).map(AccessPointNumber)),
        reason=draw(st.none() | st.sampled_from(DenialReason)),
        cti=draw(st.none() | st.binary(min_size=8, max_size=8)),
        trust_version=draw(st.none() | st.builds(TrustVersion, NUMBERS, NUMBERS)),
        trust_age_seconds=draw(st.none() | NUMBERS),
        details=draw(
            st.dictionaries(
                st.text("abc_", min_size=1, max_size=8),
                st.booleans() | NUMBERS | st.text(max_size=8) | st.binary(max_size=8),
                max_size=4,
            )
        ),
    )


def chained(many: list[JournalEntry]) -> list[bytes]:
    """These entries as one chain from the start."""
    written: list[bytes] = []
    for at, entry in enumerate(many):
        previous = entry_hash(written[-1]) if written else START.hash
        written.append(encode_entry(replace(entry, sequence=at + 1, previous=previous)))
    return written


@given(entries())
def test_an_entry_comes_back_as_it_was_written(entry: JournalEntry) -> None:
    """And has one encoding."""
    written = encode_entry(entry)
    assert decode_entry(written) == entry
    assert encode_entry(decode_entry(written)) == written


@given(st.lists(entries(), max_size=6))
@settings(max_examples=30)
def test_an_honest_chain_has_no_break(many: list[JournalEntry]) -> None:
    """From the start, and from any head on."""
    written = chained(many)
    assert first_break(written) is None
    for at in range(1, len(written)):
        head = JournalHead(at, entry_hash(written[at - 1]))
        assert first_break(written[at:], head) is None


@given(st.lists(entries(), min_size=2, max_size=5), st.data())
@settings(max_examples=60)
def test_a_changed_byte_breaks_the_chain_after_it(
    many: list[JournalEntry], data: st.DataObject
) -> None:
    """In any entry but the last, at any place."""
    written = chained(many)
    which = data.draw(st.integers(0, len(written) - 2))
    at = data.draw(st.integers(0, len(written[which]) - 1))
    flipped = bytearray(written[which])
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    broken = first_break([*written[:which], bytes(flipped), *written[which + 1 :]])
    assert broken is not None
    assert broken.sequence in (which + 1, which + 2)


@given(st.binary(max_size=200))
def test_no_other_exception_escapes_an_entry(received: bytes) -> None:
    """Bytes are an entry or malformed."""
    with pytest.raises(MalformedMessage):
        decode_entry(received)


def test_an_entry_cannot_be_changed_through_its_details() -> None:
    """The mapping given is copied and read-only."""
    given_details = {"revision": 17}
    entry = replace(_plain(), details=given_details)
    given_details["revision"] = 18
    assert entry.details == {"revision": 17}


def test_a_batch_is_signed_by_the_agent_key() -> None:
    """And names its controller, where it starts, and the entries as they stand."""
    written = tuple(chained([_plain()] * 3))
    received = sign_batch(JournalBatch(CONTROLLER, 1, written), REALM, AGENT_KEY)
    batch = parse_batch(received).verify(ObjectType.JOURNAL, REALM, AGENT_KEY.public)
    assert batch == JournalBatch(CONTROLLER, 1, written)


@pytest.mark.parametrize("count", [0, BATCH_ENTRIES + 1])
def test_a_batch_has_1_to_500_entries(count: int) -> None:
    """F03: a controller sends the next batch after this one."""
    with pytest.raises(ValueError, match="1 to 500"):
        JournalBatch(CONTROLLER, 1, (encode_entry(_plain()),) * count)


def test_a_batch_of_500_is_read() -> None:
    """The most there is."""
    written = tuple(chained([_plain()] * BATCH_ENTRIES))
    received = sign_batch(JournalBatch(CONTROLLER, 1, written), REALM, STRANGER)
    assert first_break(parse_batch(received).claims.entries) is None


@given(
    st.builds(
        UpdateAnswer,
        bundle=st.none() | st.binary(max_size=9),
        settings=st.none() | st.binary(max_size=9),
        time_token=st.none() | st.binary(max_size=9),
        roots=st.lists(st.binary(max_size=9), max_size=3).map(tuple),
        reader_certificates=st.lists(st.binary(max_size=9), max_size=3).map(tuple),
    )
)
def test_an_update_answer_comes_back_as_it_was_written(answer: UpdateAnswer) -> None:
    """And says whether there is anything in it."""
    assert decode_update_answer(encode_update_answer(answer)) == answer
    assert answer.is_empty == (answer == UpdateAnswer())


@pytest.mark.parametrize(
    "received",
    ["a0", "a501f602f603f6048005", "a501f602f603f604800540", "a601f602f603f60480058006f6"],
)
def test_an_update_answer_has_its_five_keys(received: str) -> None:
    """None missing, none unknown, each of its type."""
    with pytest.raises(MalformedMessage):
        decode_update_answer(bytes.fromhex(received))


def _plain() -> JournalEntry:
    return JournalEntry(
        sequence=1,
        previous=START.hash,
        utc_lo=Instant(1_791_997_200),
        utc_hi=Instant(1_791_997_202),
        monotonic_ms=5_000,
        boot=3,
        kind=EventKind.ACCESS_GRANTED,
        point=AccessPointNumber(4_711),
        reason=None,
        cti=b"cti-0001",
        trust_version=TrustVersion(1, 5),
        trust_age_seconds=60,
    )
