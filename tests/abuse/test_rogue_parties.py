"""B02, B08, B09, B12: replayed captures, downgrades, rogue locks, and broken handshakes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.exchange import answer, judge
from lockagent.protocol.edhoc.crypto import SUITE_2
from lockagent.protocol.edhoc.handshake import Method, SigningIdentity
from lockagent.protocol.edhoc.initiator import i_prepare_message_1, i_prepare_message_3
from lockagent.protocol.edhoc.messages import Ead, EadItem
from lockagent.protocol.edhoc.profile import credential_id_cred
from lockagent.protocol.edhoc.refusal import answer_to
from lockagent.protocol.edhoc.responder import WaitMessage3
from lockagent.protocol.encoding import encode, encode_sequence
from lockagent.protocol.errors import MalformedMessage, ProtocolError, VerificationError
from lockagent.protocol.presentation import DoorNotVerified, begin, read_door, verify_door
from lockagent.protocol.reader_certificate import sign_reader_certificate
from lockagent.protocol.records import (
    PRESENTATION_CLASSES,
    Direction,
    OpenRequest,
    RecordSender,
    RecordType,
    ead_padding,
)
from lockagent.protocol.verification import SeenCredentials, VerifiedPresentation
from policies.vocabulary import FacilityId, Instant
from tests.town import (
    CREDENTIAL_KEY,
    DAY,
    DOOR_EPHEMERAL,
    MAIN,
    NOW,
    PHONE_EPHEMERAL,
    READER_ISSUER_KEY,
    REALM,
    SIDE,
    Town,
    bundle,
    fixed_key,
    reader_certificate,
    reader_identity,
    trust,
)

TOWN = Town.ordinary()


def door_error(message_1: bytes) -> bytes:
    """What the door answers to a bad message_1."""
    with pytest.raises(ProtocolError) as failure:
        answer(message_1, TOWN.identity, DOOR_EPHEMERAL)
    return answer_to(failure.value)


def refused_at(town: Town, certificate: bytes | None = None, at: Instant = NOW) -> str:
    """The step at which the phone turns away from the door of `town`."""
    phone, message_1 = begin(town.held, town.request, PHONE_EPHEMERAL)
    _, message_2 = answer(message_1, town.identity, DOOR_EPHEMERAL)
    with pytest.raises(DoorNotVerified) as failure:
        verify_door(read_door(phone, message_2), certificate or town.identity.certificate, at)
    return failure.value.step


def test_B02_a_replayed_capture_fails_at_the_first_authenticated_frame() -> None:
    capture = TOWN.presented()
    for ephemeral in map(fixed_key, range(500, 510)):
        waiting, message_2 = answer(capture.message_1, TOWN.identity, ephemeral)
        assert message_2 != capture.message_2
        with pytest.raises(VerificationError) as failure:
            judge(waiting, capture.message_3, lambda: TOWN.view, SeenCredentials(), 0)
        assert failure.value.step == 3


@pytest.mark.parametrize("version", [0, 2, 255])
def test_B08_another_version_in_open_is_refused(version: int) -> None:
    other = bytearray(OpenRequest(MAIN, TOWN.request.action, TOWN.request.attempt).encode())
    other[1:2] = encode(version) if version < 24 else other[1:2]
    if version >= 24:
        other = bytearray(encode([version, MAIN, 0, bytes(8), 0, bytes(10)]))
    with pytest.raises(ProtocolError):
        OpenRequest.parse(bytes(other))


def test_B08_a_stripped_or_reordered_suite_list_is_refused() -> None:
    x = PHONE_EPHEMERAL.public.x
    assert door_error(encode_sequence(1, [3, 2], x, 0)) == bytes.fromhex("0160")
    assert door_error(encode_sequence(1, 3, x, 0)) == bytes.fromhex("0202")


def test_B08_a_changed_message_1_ends_at_the_phone() -> None:
    """The transcript covers message_1: a door that read other bytes proves another session."""
    phone, message_1 = begin(TOWN.held, TOWN.request, PHONE_EPHEMERAL)
    _, other = begin(TOWN.held, TOWN.request, fixed_key(8))
    _, message_2 = answer(other, TOWN.identity, DOOR_EPHEMERAL)
    with pytest.raises(DoorNotVerified):
        verify_door(read_door(phone, message_2), TOWN.identity.certificate, NOW)
    assert message_1 != other


def test_B08_a_reader_below_the_phones_version_is_refused() -> None:
    newer = reader_identity(replace(reader_certificate(), versions=(2,)))
    assert refused_at(replace(TOWN, identity=newer)) == "P6"


def test_B09_before_the_reader_is_authenticated_the_phone_says_nothing_of_itself() -> None:
    _, message_1 = begin(TOWN.held, TOWN.request, PHONE_EPHEMERAL)
    assert message_1 == encode_sequence(1, 2, PHONE_EPHEMERAL.public.x, 0)


def test_B09_a_rogue_lock_without_the_readers_key_is_refused() -> None:
    rogue = replace(TOWN.identity, key=fixed_key(13))
    assert refused_at(replace(TOWN, identity=rogue)) == "P7"


def test_B09_a_lock_with_a_certificate_of_its_own_making_is_refused() -> None:
    forged = sign_reader_certificate(reader_certificate(), REALM, fixed_key(14))
    rogue = replace(TOWN.identity, certificate=forged)
    assert refused_at(replace(TOWN, identity=rogue)) == "P4"


def test_B09_a_certificate_of_another_role_is_refused() -> None:
    forged = sign_reader_certificate(reader_certificate(), REALM, CREDENTIAL_KEY)
    assert refused_at(replace(TOWN, identity=replace(TOWN.identity, certificate=forged))) == "P4"


def test_B09_another_certificate_than_the_one_named_is_refused() -> None:
    claims = replace(reader_certificate(), cti=b"reader-2")
    other = sign_reader_certificate(claims, REALM, READER_ISSUER_KEY)
    assert refused_at(TOWN, certificate=other) == "P3"


def test_B09_a_rogue_lock_cannot_ask_which_other_readers_certificates_the_phone_holds() -> None:
    elsewhere = reader_identity(replace(reader_certificate(), cti=b"reader-2", points=(SIDE,)))
    holding = replace(
        TOWN.held,
        reader_certificates=(b"\x80", elsewhere.certificate, TOWN.identity.certificate),
    )
    for held in (TOWN.held, holding):
        phone, message_1 = begin(held, TOWN.request, PHONE_EPHEMERAL)
        _, message_2 = answer(message_1, elsewhere, DOOR_EPHEMERAL)
        assert read_door(phone, message_2).certificate is None
        _, message_2 = answer(message_1, TOWN.identity, DOOR_EPHEMERAL)
        assert read_door(phone, message_2).certificate == TOWN.identity.certificate


@pytest.mark.parametrize(
    "changed",
    [{"facility": FacilityId("ekeberg")}, {"points": (SIDE,)}],
)
def test_B09_the_reader_of_another_place_is_refused(changed: dict[str, object]) -> None:
    elsewhere = replace(reader_certificate(), **changed)  # type: ignore[arg-type]
    assert refused_at(replace(TOWN, identity=reader_identity(elsewhere))) == "P5"


@pytest.mark.parametrize("at", [NOW - 1, NOW + 365 * DAY])
def test_B09_a_certificate_out_of_its_time_is_refused(at: int) -> None:
    assert refused_at(TOWN, at=Instant(at)) == "P4"


def test_B09_a_revoked_reader_is_refused() -> None:
    revoked = trust(replace(bundle(), revoked_readers=frozenset({b"reader-1"})))
    assert refused_at(replace(TOWN, held=replace(TOWN.held, trust=revoked))) == "P4"


def _message_1(**changed: object) -> bytes:
    fields: dict[str, object] = {
        "suite": SUITE_2,
        "method": Method.SIGN_STATIC,
        "ephemeral": PHONE_EPHEMERAL,
        "c_i": b"\x00",
    }
    return i_prepare_message_1(**(fields | changed))[1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: _message_1(method=Method.SIGN_SIGN),
        lambda: _message_1(method=Method.STATIC_STATIC),
        lambda: _message_1(c_i=b"\x01"),
        lambda: _message_1(c_i=b"abc"),
        lambda: _message_1(ead_1=(EadItem(0, b"x"),)),
        lambda: _message_1(ead_1=(EadItem(-7, b"x"),)),
        lambda: encode_sequence(1, 2, bytes(31), 0),
        lambda: encode_sequence(1, 2, b"\xff" * 32, 0),
        lambda: encode_sequence(1, 2, PHONE_EPHEMERAL.public.x, 0, 0, b"", 1),
        lambda: b"",
    ],
)
def test_B12_a_bad_message_1_gets_the_fixed_error(make: Callable[[], bytes]) -> None:
    assert door_error(make()) == bytes.fromhex("0160")


def test_B12_a_reflected_message_1_is_no_message_2() -> None:
    phone, message_1 = begin(TOWN.held, TOWN.request, PHONE_EPHEMERAL)
    with pytest.raises(DoorNotVerified) as failure:
        read_door(phone, message_1)
    assert failure.value.step == "P2"


@given(at=st.integers(0, 53 * 8 - 1))
def test_B12_no_flipped_bit_of_message_2_is_believed(at: int) -> None:
    phone, message_1 = begin(TOWN.held, TOWN.request, PHONE_EPHEMERAL)
    _, message_2 = answer(message_1, TOWN.identity, DOOR_EPHEMERAL)
    broken = bytearray(message_2)
    broken[at // 8] ^= 1 << at % 8
    with pytest.raises(DoorNotVerified):
        verify_door(read_door(phone, bytes(broken)), TOWN.identity.certificate, NOW)


def message_3_with(ead_3: Ead) -> tuple[WaitMessage3, bytes]:
    """The door's state, and what a rogue phone with a true credential sends: `ead_3`, and OPEN."""
    held = TOWN.held
    phone, message_1 = begin(held, TOWN.request, PHONE_EPHEMERAL)
    waiting, message_2 = answer(message_1, TOWN.identity, DOOR_EPHEMERAL)
    door = verify_door(read_door(phone, message_2), TOWN.identity.certificate, NOW)
    session, message_3 = i_prepare_message_3(
        door.processed,
        identity=SigningIdentity(
            id_cred=credential_id_cred(held.received), cred=held.received, key=held.key
        ),
        ead_3=ead_3,
    )
    sender = RecordSender(session.exporter, Direction.PHONE_TO_DOOR)
    return waiting, message_3 + sender.seal(RecordType.OPEN, TOWN.request.encode())


@pytest.mark.parametrize("label", [1, -1, -7, 65535])
def test_B12_any_ead_3_but_padding_is_refused(label: int) -> None:
    [padding] = ead_padding(len(TOWN.held.received), bytes)
    assert padding.value is not None
    longer = len(encode(label)) - len(encode(padding.label))
    waiting, received = message_3_with((EadItem(label, padding.value[longer:]),))
    assert len(received) in PRESENTATION_CLASSES
    with pytest.raises(VerificationError) as failure:
        judge(waiting, received, lambda: TOWN.view, SeenCredentials(), 0)
    assert failure.value.step == (4 if label > 0 else 3)


def test_B12_a_rogue_phone_that_pads_as_it_should_is_believed() -> None:
    """The scaffold of the test above makes presentations that fail for their label alone."""
    waiting, received = message_3_with(ead_padding(len(TOWN.held.received), bytes))
    judgement = judge(waiting, received, lambda: TOWN.view, SeenCredentials(), 0)
    assert isinstance(judgement.verdict, VerifiedPresentation)


def test_B12_the_error_for_a_failed_message_3_is_the_fixed_one() -> None:
    assert answer_to(MalformedMessage("whatever it was")) == bytes.fromhex("0160")
