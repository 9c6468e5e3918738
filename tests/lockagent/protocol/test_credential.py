"""Credentials and reader certificates: size, round trips, flips, and the times they are issued at.

What is refused and why is in the vectors; here are the properties.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockagent.protocol.credential import (
    CREDENTIAL_BYTES,
    Credential,
    issue_step,
    parse_credential,
    sign_credential,
)
from lockagent.protocol.edhoc.profile import reader_kid
from lockagent.protocol.envelope import ObjectType
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.keys import BadSignature
from lockagent.protocol.reader_certificate import parse_reader_certificate
from policies.grant import (
    Grant,
    GrantEntry,
    GrantFlags,
    Window,
)
from policies.vocabulary import AccessPointNumber, FacilityId, Instant
from tests.vectors.fixed import (
    CREDENTIAL_KEY,
    DAY,
    FACILITY,
    PRESENTATION_KEY,
    READER_ISSUER_KEY,
    REALM,
    START,
    credential_claims,
    reader_claims,
    sign_raw,
)


def golden() -> Credential:
    """The value of the vectors' golden credential."""
    received = sign_raw(credential_claims(), ObjectType.CREDENTIAL, CREDENTIAL_KEY)
    return parse_credential(received).claims


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """Grants within a day after START, few enough to fit."""
    entries = []
    for _ in range(draw(st.integers(1, 3))):
        points = draw(st.sets(st.integers(1, 2**32 - 1), min_size=1, max_size=4))
        edges = sorted(draw(st.sets(st.integers(0, DAY), min_size=2, max_size=8)))
        windows = zip(edges[::2], edges[1::2], strict=False)
        entries.append(
            GrantEntry(
                tuple(AccessPointNumber(point) for point in sorted(points)),
                tuple(Window(Instant(START + a), Instant(START + b)) for a, b in windows),
                GrantFlags(draw(st.integers(1, 127))),
            )
        )
    return Grant(tuple(entries))


@st.composite
def credentials(draw: st.DrawFn) -> Credential:
    """Credentials that an issuer may write."""
    return Credential(
        facility=FacilityId(draw(st.text("abcxyz019-", min_size=1, max_size=16))),
        issued_at=Instant(START - draw(st.integers(0, DAY))),
        not_before=START,
        expires=Instant(START + DAY),
        cti=draw(st.binary(min_size=8, max_size=8)),
        presentation_key=PRESENTATION_KEY.public,
        epoch=draw(st.integers(0, 2**32 - 1)),
        revision=draw(st.integers(0, 2**32 - 1)),
        index=draw(st.integers(0, 2**20 - 1)),
        grant=draw(grants()),
    )


def test_three_grants_take_220_bytes() -> None:
    """The fixed vector of the measured size: `credential_bytes_3_grants`."""
    credential = golden()
    assert (credential.facility, credential.epoch, credential.revision) == (FACILITY, 1, 17)
    assert credential.index == 900_000
    for entry in credential.grant.entries:
        (point,), (window,) = entry.points, entry.windows
        assert 24 <= point <= 255
        assert window.end - credential.not_before <= 65_535
    assert len(sign_credential(credential, REALM, CREDENTIAL_KEY)) == 220


@given(credentials())
@settings(max_examples=100)
def test_a_credential_comes_back_as_it_was_signed(credential: Credential) -> None:
    """Windows absolute in the value, relative on the wire, and the issuer's signature holds."""
    received = sign_credential(credential, REALM, CREDENTIAL_KEY)
    parsed = parse_credential(received)
    assert parsed.received == received
    assert parsed.verify(ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY.public) == credential


def test_A01_each_of_the_512_bits_of_the_signature_counts() -> None:
    """512 of 512 refused."""
    received = sign_credential(golden(), REALM, CREDENTIAL_KEY)
    for bit in range(512):
        flipped = bytearray(received)
        flipped[-64 + bit // 8] ^= 1 << bit % 8
        parsed = parse_credential(bytes(flipped))
        with pytest.raises(BadSignature):
            parsed.verify(ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY.public)


def test_A01_each_bit_of_the_whole_credential_counts() -> None:
    """A flip anywhere is malformed or no longer signed: there is no byte that nobody reads."""
    received = sign_credential(golden(), REALM, CREDENTIAL_KEY)
    for bit in range(8 * len(received)):
        flipped = bytearray(received)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            parsed = parse_credential(bytes(flipped))
        except MalformedMessage:
            continue
        if parsed.sign1.kid == CREDENTIAL_KEY.public.kid:
            with pytest.raises(BadSignature):
                parsed.verify(ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY.public)


@given(st.binary(max_size=300))
def test_no_other_exception_escapes_the_parsers(received: bytes) -> None:
    """Bytes are a credential, a certificate, or malformed."""
    for parse in (parse_credential, parse_reader_certificate):
        with pytest.raises(MalformedMessage):
            parse(received)


@given(st.integers(0, 219), st.binary(min_size=1, max_size=3))
def test_no_other_exception_escapes_a_spoilt_credential(at: int, spoilt: bytes) -> None:
    """A real credential with bytes overwritten anywhere."""
    received = sign_credential(golden(), REALM, CREDENTIAL_KEY)
    received = received[:at] + spoilt + received[at + len(spoilt) :]
    try:
        parse_credential(received)
    except MalformedMessage:
        return


def test_a_credential_that_does_not_fit_is_not_signed() -> None:
    """The issuer ends a larger one earlier."""
    many = tuple(AccessPointNumber(2**24 + number) for number in range(200))
    entry = GrantEntry(many, (Window(START, Instant(START + 60)),), GrantFlags.OPEN)
    with pytest.raises(ValueError, match=f"at most {CREDENTIAL_BYTES} bytes"):
        sign_credential(replace(golden(), grant=Grant((entry,))), REALM, CREDENTIAL_KEY)


def test_a_credential_without_a_grant_does_not_exist() -> None:
    """Nor as a value."""
    with pytest.raises(ValueError, match="empty"):
        replace(golden(), grant=Grant(()))


def test_a_window_beyond_the_life_does_not_exist() -> None:
    """Nor as a value: the server clips windows to [nbf, exp)."""
    with pytest.raises(ValueError, match="within"):
        replace(golden(), expires=Instant(START + 14_400))


@pytest.mark.parametrize(
    ("life", "step"), [(60, 60), (900, 60), (3_599, 60), (3_600, 900), (86_400, 900)]
)
def test_the_step_is_a_minute_for_a_life_under_an_hour(life: int, step: int) -> None:
    """SPEC.md 3.3."""
    assert issue_step(life) == step


def test_a_reader_certificate_is_named_by_its_bytes() -> None:
    """Two certificates for the same claims have different kids: ECDSA or the issuer differs."""
    one = sign_raw(reader_claims(), ObjectType.READER, READER_ISSUER_KEY)
    other = sign_raw(reader_claims(), ObjectType.READER, CREDENTIAL_KEY)
    assert len(reader_kid(one)) == 8
    assert reader_kid(one) != reader_kid(other)


@pytest.mark.parametrize("signed_as", ObjectType)
def test_A18_an_object_of_another_type_is_no_credential(signed_as: ObjectType) -> None:
    """A credential's claims signed in each context: the signature holds in its own only."""
    parsed = parse_credential(sign_raw(credential_claims(), signed_as, CREDENTIAL_KEY))
    if signed_as is ObjectType.CREDENTIAL:
        parsed.verify(ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY.public)
    else:
        with pytest.raises(BadSignature):
            parsed.verify(ObjectType.CREDENTIAL, REALM, CREDENTIAL_KEY.public)
