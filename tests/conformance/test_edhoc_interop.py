"""The town's EDHOC (method 1) against a second implementation that shares no line with it.

There is no published trace of method 1, so the two implementations are the oracle of each other:
the same keys give the same bytes in message_1 and message_2, each end completes with the other's
peer and exports the same keys, and what one refuses the other refuses, with the same error message.
Ours runs through the code of phones and doors (`presentation`, `exchange`) with the town's own
credential and reader certificate.
"""

from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.exchange import answer, judge
from lockagent.protocol.edhoc.completed import CompletedR
from lockagent.protocol.edhoc.handshake import PeerCredential
from lockagent.protocol.edhoc.profile import (
    credential_id_cred,
    presented_credential,
    reader_id_cred,
)
from lockagent.protocol.edhoc.refusal import answer_to
from lockagent.protocol.edhoc.responder import WaitMessage3, r_parse_message_3, r_verify_message_3
from lockagent.protocol.errors import CoarseReason, ProtocolError
from lockagent.protocol.presentation import (
    DoorNotVerified,
    begin,
    present,
    read_door,
    read_result,
    verify_door,
)
from lockagent.protocol.records import (
    PRESENTATION_CLASSES,
    Direction,
    OpenRequest,
    RecordReceiver,
    RecordSender,
    RecordType,
    Result,
    split_presentation,
)
from lockagent.protocol.verification import SeenCredentials, VerifiedPresentation
from policies.vocabulary import AccessPointNumber
from tests.conformance.second_edhoc import (
    Refused,
    SecondInitiator,
    SecondResponder,
    message_3_padding,
    padding,
)
from tests.town import (
    MAIN,
    NOW,
    PRESENTATION_KEY,
    READER_KEY,
    Town,
    credential,
    fixed_key,
    grant_of,
)

GROUP_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OPEN_RECORD_BYTES = 42
READER, PRESENTER = (int.from_bytes(key.scalar, "big") for key in (READER_KEY, PRESENTATION_KEY))
STRANGER = 999
MORE_POINTS = {360: 0, 540: 40, 720: 75, 900: 110}  # what brings a presentation to its class
EXPORTS = [(0, b"", 32), (32768, b"", 16), (32771, b"", 13), (40000, b"context", 100)]

TOWN = Town.ordinary()
CERTIFICATE = TOWN.identity.certificate
RESULT = Result(True, 5, CoarseReason.NONE, None, (1, 1), False, bytes(16))
REFUSED = "refused"

scalars = st.integers(1, GROUP_ORDER - 1)
items = st.integers(-2, 2).map(cbor2.dumps) | st.binary(max_size=30).map(cbor2.dumps)
sequences = st.lists(items, max_size=4).map(b"".join)
ead_items = st.lists(
    st.tuples(st.integers(-2, 2).map(cbor2.dumps), st.just(b"") | st.just(b"\x42ab")).map(b"".join),
    max_size=3,
).map(b"".join)


def town_of(size: int) -> Town:
    """A town whose phone presents `size` bytes: the more access points, the longer the kcwt."""
    more = (AccessPointNumber(70_000 + n) for n in range(MORE_POINTS[size]))
    return TOWN.with_credential(replace(credential(), grant=grant_of(MAIN, *more)))


def second_key(scalar: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(scalar, ec.SECP256R1())


def second_phone(ephemeral: int, signing: int = PRESENTER, town: Town = TOWN) -> SecondInitiator:
    kcwt = town.held.received
    id_cred_i = credential_id_cred(kcwt)
    return SecondInitiator(second_key(ephemeral), second_key(signing), id_cred_i, kcwt)


def second_door(ephemeral: int, static: int = READER) -> SecondResponder:
    id_cred_r = reader_id_cred(CERTIFICATE)
    return SecondResponder(second_key(ephemeral), second_key(static), id_cred_r, CERTIFICATE)


def trust_door(phone: SecondInitiator, message_2: bytes) -> None:
    """The second phone's P2 to P7: it has one reader certificate, and takes no other kid."""
    if phone.take_message_2(message_2) != reader_id_cred(CERTIFICATE):
        raise Refused("expected the kid of the reader, got another")
    phone.trust_responder(CERTIFICATE, second_key(READER).public_key())


def answers_to(message_1: bytes, ephemeral: int) -> tuple[bytes, bytes]:
    """message_2 or the error message, of our door and of the second."""
    try:
        _, ours = answer(message_1, TOWN.identity, fixed_key(ephemeral))
    except ProtocolError as error:
        ours = answer_to(error)
    second = second_door(ephemeral)
    try:
        second.take_message_1(message_1)
        return ours, second.message_2()
    except Refused as refused:
        return ours, refused.error


def verdicts_on_message_2(message_2: bytes, ephemeral: int) -> tuple[str, str]:
    """Whether our phone and the second, having sent the same message_1, trust the door."""
    state, _ = begin(TOWN.held, TOWN.request, fixed_key(ephemeral))
    second = second_phone(ephemeral)
    second.message_1()
    return (
        _verdict(lambda: verify_door(read_door(state, message_2), CERTIFICATE, NOW)),
        _verdict(lambda: trust_door(second, message_2)),
    )


def verdicts_on_message_3(
    doors: tuple[WaitMessage3, SecondResponder], message_3: bytes
) -> tuple[str, str]:
    """Whether our door and the second, in the same session, believe the phone."""
    waiting, second = doors

    def believe_by_second() -> None:
        presented = second.take_message_3(message_3)
        second.trust_initiator(presented.kcwt, second_key(PRESENTER).public_key())

    return _verdict(lambda: believe_by_ours(waiting, message_3)), _verdict(believe_by_second)


def believe_by_ours(waiting: WaitMessage3, message_3: bytes) -> CompletedR:
    processing = r_parse_message_3(waiting, message_3)
    peer = PeerCredential(presented_credential(processing), fixed_key(PRESENTER).public)
    return r_verify_message_3(processing, peer)


def _verdict(step: Callable[[], object]) -> str:
    try:
        step()
    except (ProtocolError, DoorNotVerified, Refused):
        return REFUSED
    return "accepted"


def both_doors(
    phone: SecondInitiator, ephemeral: int
) -> tuple[tuple[WaitMessage3, SecondResponder], bytes]:
    """Our door and the second in the same session with `phone`, and their one message_2."""
    message_1, second = phone.message_1(), second_door(ephemeral)
    waiting, message_2 = answer(message_1, TOWN.identity, fixed_key(ephemeral))
    second.take_message_1(message_1)
    assert second.message_2() == message_2
    return (waiting, second), message_2


def flipped(message: bytes, bit: int) -> bytes:
    """`message` with one bit changed; `bit` counts round."""
    at, which = divmod(bit % (8 * len(message)), 8)
    return message[:at] + bytes((message[at] ^ 1 << which,)) + message[at + 1 :]


damage = st.one_of(
    st.integers(0, 1 << 16).map(lambda bit: lambda message: flipped(message, bit)),
    st.integers(1, 80).map(lambda count: lambda message: message[:-count]),
    st.binary(min_size=1, max_size=8).map(lambda more: lambda message: message + more),
)


@given(phone=scalars, door=scalars)
@settings(max_examples=60, deadline=None)
def test_the_same_keys_give_the_same_message_1_and_message_2(phone: int, door: int) -> None:
    _, message_1 = begin(TOWN.held, TOWN.request, fixed_key(phone))
    assert message_1 == second_phone(phone).message_1()
    ours, seconds = answers_to(message_1, door)
    assert ours == seconds
    assert len(ours) == 53


@pytest.mark.parametrize("size", PRESENTATION_CLASSES)
@given(phone=scalars, door=scalars)
@settings(max_examples=15, deadline=None)
def test_our_phone_completes_with_the_second_door(size: int, phone: int, door: int) -> None:
    town, second = town_of(size), second_door(door)
    state, message_1 = begin(town.held, town.request, fixed_key(phone))
    second.take_message_1(message_1)
    verified = verify_door(read_door(state, second.message_2()), CERTIFICATE, NOW)
    awaiting, presentation = present(verified, bytes)
    assert len(presentation) == size
    message_3, record = split_presentation(presentation)
    presented = second.take_message_3(message_3)
    assert presented.kcwt == town.held.received
    second.trust_initiator(presented.kcwt, second_key(PRESENTER).public_key())
    receiver = RecordReceiver(second.exporter, Direction.PHONE_TO_DOOR)
    assert OpenRequest.parse(receiver.open(RecordType.OPEN, record)) == town.request
    sender = RecordSender(second.exporter, Direction.DOOR_TO_PHONE)
    assert read_result(awaiting, sender.seal(RecordType.RESULT, RESULT.encode())) == RESULT


@pytest.mark.parametrize("size", PRESENTATION_CLASSES)
@given(phone=scalars, door=scalars)
@settings(max_examples=15, deadline=None)
def test_the_second_phone_completes_with_our_door(size: int, phone: int, door: int) -> None:
    town = town_of(size)
    second = second_phone(phone, town=town)
    waiting, message_2 = answer(second.message_1(), town.identity, fixed_key(door))
    trust_door(second, message_2)
    id_cred_i = credential_id_cred(town.held.received)
    filling = message_3_padding(id_cred_i, size - OPEN_RECORD_BYTES)
    message_3 = second.message_3(padding(filling, bytes(filling)))
    sender = RecordSender(second.exporter, Direction.PHONE_TO_DOOR)
    presentation = message_3 + sender.seal(RecordType.OPEN, town.request.encode())
    assert len(presentation) == size
    judgement = judge(waiting, presentation, lambda: town.view, SeenCredentials(), 30)
    assert isinstance(judgement.verdict, VerifiedPresentation)
    assert judgement.verdict.request == town.request
    for label, context, length in EXPORTS:
        ours = judgement.session.exporter(label, context, length)
        assert ours == second.exporter(label, context, length)


@given(phone=scalars, door=scalars, harm=damage)
@settings(max_examples=150, deadline=None)
def test_both_doors_answer_a_damaged_message_1_alike_and_no_phone_goes_on(
    phone: int, door: int, harm: Callable[[bytes], bytes]
) -> None:
    ours, seconds = answers_to(harm(second_phone(phone).message_1()), door)
    assert ours == seconds
    assert verdicts_on_message_2(ours, phone) == (REFUSED, REFUSED)


@given(message_1=st.binary(max_size=60) | sequences, door=scalars)
@settings(max_examples=150, deadline=None)
def test_both_doors_refuse_other_bytes_as_message_1(message_1: bytes, door: int) -> None:
    # Which error it is may differ: one looks at the suite first, the other at the whole form.
    assert {*answers_to(message_1, door)} <= {b"\x01\x60", b"\x02\x02"}


@given(
    method=st.integers(0, 4).map(cbor2.dumps),
    suites=st.sampled_from([2, 0, 3, 6, [6, 2], [2, 6], [2], [], "2"]).map(cbor2.dumps),
    c_i=st.sampled_from([0, 1, 23, -1, -24, b"", b"\x18", b"\x05\x06"]).map(cbor2.dumps),
    ead=ead_items,
    phone=scalars,
    door=scalars,
)
@settings(max_examples=150, deadline=None)
def test_both_doors_answer_another_well_formed_message_1_alike(
    method: bytes, suites: bytes, c_i: bytes, ead: bytes, phone: int, door: int
) -> None:
    g_x = cbor2.dumps(fixed_key(phone).public.x)
    ours, seconds = answers_to(method + suites + g_x + c_i + ead, door)
    assert ours == seconds


@given(phone=scalars, door=scalars, harm=damage)
@settings(max_examples=150, deadline=None)
def test_both_phones_refuse_a_damaged_message_2(
    phone: int, door: int, harm: Callable[[bytes], bytes]
) -> None:
    message_2, _ = answers_to(second_phone(phone).message_1(), door)
    assert verdicts_on_message_2(message_2, phone) == ("accepted", "accepted")
    assert verdicts_on_message_2(harm(message_2), phone) == (REFUSED, REFUSED)


@given(phone=scalars, door=scalars)
@settings(max_examples=20, deadline=None)
def test_both_phones_refuse_a_door_with_another_key(phone: int, door: int) -> None:
    impostor = second_door(door, static=STRANGER)
    impostor.take_message_1(second_phone(phone).message_1())
    assert verdicts_on_message_2(impostor.message_2(), phone) == (REFUSED, REFUSED)


@given(phone=scalars, door=scalars, harm=damage)
@settings(max_examples=150, deadline=None)
def test_both_doors_refuse_a_damaged_message_3(
    phone: int, door: int, harm: Callable[[bytes], bytes]
) -> None:
    second = second_phone(phone)
    doors, message_2 = both_doors(second, door)
    trust_door(second, message_2)
    assert verdicts_on_message_3(doors, harm(second.message_3())) == (REFUSED, REFUSED)


@given(phone=scalars, door=scalars)
@settings(max_examples=20, deadline=None)
def test_both_doors_refuse_a_phone_that_signs_with_another_key(phone: int, door: int) -> None:
    thief = second_phone(phone, signing=STRANGER)
    doors, message_2 = both_doors(thief, door)
    trust_door(thief, message_2)
    assert verdicts_on_message_3(doors, thief.message_3()) == (REFUSED, REFUSED)


@given(phone=scalars, door=scalars, ead_3=ead_items | sequences | st.binary(max_size=20))
@settings(max_examples=150, deadline=None)
def test_both_doors_judge_ead_3_alike(phone: int, door: int, ead_3: bytes) -> None:
    second = second_phone(phone)
    doors, message_2 = both_doors(second, door)
    trust_door(second, message_2)
    ours, seconds = verdicts_on_message_3(doors, second.message_3(ead_3))
    assert ours == seconds
