"""H01: what is kept is what was asked for; every other answer is named and refused."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lockagent.protocol.credential import Credential, sign_credential
from lockagent.protocol.keys import SoftwareKey
from lockagent.protocol.reader_certificate import sign_reader_certificate
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import TrustBundle, TrustVersion, sign_bundle
from mobile_sdk.acceptance import SKEW_SECONDS, AnswerNotAccepted, Asked, accept
from mobile_sdk.answers import KeyringPoint, Released
from policies.grant import Window
from policies.vocabulary import AccessPointId, AccessPointNumber, FacilityId, Instant
from tests.town import (
    BUNDLE_KEY,
    CREDENTIAL_KEY,
    DAY,
    MAIN,
    NOW,
    PRESENTATION_KEY,
    READER_ISSUER_KEY,
    REALM,
    SIDE,
    TORSHOV,
    bundle,
    credential,
    fixed_key,
    grant_of,
    reader_certificate,
    reader_identity,
    root_bytes,
    trust,
)

ASKED = Asked(TORSHOV, PRESENTATION_KEY.public)
OTHER = FacilityId("ekeberg")


def point(number: AccessPointNumber = MAIN) -> KeyringPoint:
    """An access point as the keyring names it."""
    return KeyringPoint(AccessPointId("a/b"), number, "B", frozenset(), True, None, ())


def released(
    claims: Credential | None = None,
    signer: SoftwareKey = CREDENTIAL_KEY,
    held: TrustBundle | None = None,
) -> Released:
    """The server's answer about `claims`."""
    said = claims or credential()
    return Released(
        facility=TORSHOV,
        credential=sign_credential(said, REALM, signer),
        not_before=said.not_before,
        expires=said.expires,
        reader_certificates=(reader_identity().certificate,),
        trust_bundle=sign_bundle(held or bundle(), REALM, BUNDLE_KEY),
    )


def unknown_trust() -> TrustState:
    """The trust of a phone that holds the pinned root alone."""
    return TrustState.begin(REALM, TORSHOV, root_bytes())


def test_what_was_asked_for_is_accepted_with_the_trust_it_came_with() -> None:
    accepted = accept(ASKED, released(), unknown_trust(), NOW)
    assert accepted.claims == credential()
    assert accepted.trust.version == TrustVersion(1, 1)


def changed(**members: object) -> Released:
    """The answer about a credential with other claims."""
    return released(replace(credential(), **members))  # type: ignore[arg-type]  # why: a table


def from_ahead(seconds: int) -> Credential:
    """The credential as a server issues it whose clock is so many seconds ahead."""
    start = Instant(NOW + seconds)
    grant = grant_of(windows=(Window(start, Instant(start + 900)),))
    return replace(credential(), issued_at=start, not_before=start, grant=grant)


FORGERIES: dict[str, tuple[Callable[[], Released], str]] = {
    "another facility beside it": (lambda: replace(released(), facility=OTHER), "facility torshov"),
    "another facility in it": (lambda: changed(facility=OTHER), "audience torshov"),
    "another phone's key": (lambda: changed(presentation_key=fixed_key(7).public), "key just made"),
    "a life too long": (
        lambda: changed(expires=Instant(NOW + DAY + 900)),
        "life of at most 86400 s, got 87300",
    ),
    "a life already over": (
        lambda: changed(
            issued_at=Instant(NOW - DAY),
            not_before=Instant(NOW - DAY),
            expires=NOW,
            grant=grant_of(windows=(Window(Instant(NOW - 60), NOW),)),
        ),
        "in force, got one 0 s past",
    ),
    "issued in the future": (
        lambda: released(from_ahead(SKEW_SECONDS + 1)),
        "issued by now, got one 61 s ahead",
    ),
    "other instants beside it": (
        lambda: replace(released(), expires=Instant(NOW + DAY - 1)),
        "instants of the credential",
    ),
    "a signature by nobody known": (
        lambda: released(signer=fixed_key(8)),
        "role credential in use",
    ),
    "a signature in another role": (
        lambda: released(signer=READER_ISSUER_KEY),
        "role credential in use",
    ),
    "one bit wrong": (
        lambda: replace(
            released(),
            credential=released().credential[:-1] + bytes([released().credential[-1] ^ 1]),
        ),
        "expected",
    ),
    "bytes that are no credential": (lambda: replace(released(), credential=b"\xa0"), "expected"),
    "a bundle of another facility": (lambda: released(held=bundle(facility=OTHER)), "bundle of"),
    "a bundle by another key": (
        lambda: replace(released(), trust_bundle=sign_bundle(bundle(), REALM, fixed_key(9))),
        "bundle key of root 1",
    ),
    "a bundle from the future": (
        lambda: released(held=replace(bundle(), issued=Instant(NOW + SKEW_SECONDS + 1))),
        "issued by",
    ),
    "a bundle that has expired": (
        lambda: released(held=replace(bundle(), issued=Instant(NOW - DAY), expires=NOW)),
        r"bundle in force, got 1\.1 expired",
    ),
    "a bundle that revokes it": (
        lambda: released(held=replace(bundle(), revoked=frozenset({900_000}))),
        "revoked",
    ),
    "a bundle of a later epoch": (lambda: released(held=replace(bundle(), epoch=2)), "revoked"),
    "a reader of another facility": (
        lambda: replace(
            released(),
            reader_certificates=(
                sign_reader_certificate(
                    replace(reader_certificate(), facility=OTHER), REALM, READER_ISSUER_KEY
                ),
            ),
        ),
        "readers of torshov",
    ),
    "a reader certificate that is none": (
        lambda: replace(released(), reader_certificates=(b"\x80",)),
        "expected",
    ),
    "more readers than a facility has": (
        lambda: replace(released(), reader_certificates=(b"",) * 257),
        "at most 256",
    ),
}


@pytest.mark.parametrize("kind", FORGERIES)
def test_H01_another_answer_than_was_asked_for_is_refused_by_its_own_reason(kind: str) -> None:
    forge, sentence = FORGERIES[kind]
    with pytest.raises(AnswerNotAccepted, match=sentence):
        accept(ASKED, forge(), unknown_trust(), NOW)


def test_a_bundle_never_goes_back() -> None:
    held = trust(bundle(counter=5))
    with pytest.raises(AnswerNotAccepted, match=r"above 1\.5, got 1\.4"):
        accept(ASKED, released(held=bundle(counter=4)), held, NOW)
    assert accept(ASKED, released(held=bundle(counter=6)), held, NOW).trust.version.counter == 6


def test_on_the_way_the_answer_names_that_point_alone_and_lives_a_quarter() -> None:
    quarter = grant_of(windows=(_until(900),))
    short = replace(credential(), expires=Instant(NOW + 900), grant=quarter)
    asked = replace(ASKED, on_the_way_to=point())
    assert accept(asked, released(short), unknown_trust(), NOW).claims == short
    with pytest.raises(AnswerNotAccepted, match="at most 900 s"):
        accept(asked, released(), unknown_trust(), NOW)
    two = replace(short, grant=grant_of(MAIN, SIDE, windows=(_until(900),)))
    with pytest.raises(AnswerNotAccepted, match="access point 4711 alone"):
        accept(asked, released(two), unknown_trust(), NOW)
    with pytest.raises(AnswerNotAccepted, match="access point 4712 alone"):
        accept(replace(ASKED, on_the_way_to=point(SIDE)), released(short), unknown_trust(), NOW)


def test_both_edges_of_the_life_by_one_second() -> None:
    accept(ASKED, released(), unknown_trust(), Instant(NOW + DAY - 1))
    with pytest.raises(AnswerNotAccepted, match="in force"):
        accept(ASKED, released(), unknown_trust(), Instant(NOW + DAY))


def test_a_clock_that_is_wrong_by_no_more_than_a_proof_allows_takes_what_is_released() -> None:
    later = from_ahead(SKEW_SECONDS)
    held = replace(bundle(), issued=later.issued_at, expires=Instant(NOW + DAY))
    assert accept(ASKED, released(later, held=held), unknown_trust(), NOW).claims == later


def test_an_expired_bundle_already_held_is_not_relied_upon_when_it_comes_again() -> None:
    expired = replace(bundle(), issued=Instant(NOW - DAY), expires=NOW)
    with pytest.raises(AnswerNotAccepted, match="bundle in force"):
        accept(ASKED, released(held=expired), trust(expired), NOW)
    accept(ASKED, released(held=bundle(counter=2)), trust(expired), NOW)


def _until(seconds: int) -> Window:
    return Window(NOW, Instant(NOW + seconds))
