"""What each kind of JWT must say, and for how long (C06, C13)."""

import hashlib

import pytest

from keyserver.jose import (
    TOKEN_SECONDS,
    BadToken,
    TooManyKeys,
    verify_access_token,
    verify_client_assertion,
    verify_dpop_proof,
    verify_key_attestation,
)
from lockagent.protocol.client_proof import (
    MAX_ATTESTED_KEYS,
    client_assertion,
    dpop_proof,
    key_attestation,
    sign_jws,
)
from lockagent.protocol.keys import SoftwareKey, base64url
from policies.vocabulary import Instant
from tests.keyserver.http.jose_material import (
    ASSERTION_CLAIMS,
    ASSERTION_HEADER,
    AT,
    ATTESTATION_CLAIMS,
    ATTESTATION_HEADER,
    DEVICE,
    ISSUER,
    KEY,
    OTHER,
    PROOF_CLAIMS,
    PROOF_HEADER,
    URL,
    access_token,
    read_assertion,
    read_attestation,
    read_proof,
    read_token,
)


def test_a_client_s_own_proof_assertion_and_attestation_are_read() -> None:
    proof = verify_dpop_proof(
        dpop_proof(KEY, "POST", URL, AT, "j", "n", "the.access.token"),
        "POST",
        URL,
        AT,
        "the.access.token",
    )
    assert (proof.key, proof.jti, proof.nonce) == (KEY.public, "j", "n")
    assertion = verify_client_assertion(
        client_assertion(KEY, DEVICE, ISSUER, AT, "j"), KEY.public, ISSUER, AT
    )
    assert (assertion.client, assertion.jti, assertion.expires) == (DEVICE, "j", AT + 60)
    attested = verify_key_attestation(
        key_attestation(KEY, DEVICE, ISSUER, AT, "c", [OTHER.public]),
        KEY.public,
        DEVICE,
        ISSUER,
        AT,
    )
    assert (attested.nonce, attested.keys) == ("c", (OTHER.public,))


def test_an_access_token_is_read_until_its_last_second() -> None:
    last = Instant(AT + TOKEN_SECONDS - 1)
    token = verify_access_token(access_token(), (OTHER.public, KEY.public), ISSUER, last)
    assert (token.client, token.scope) == (DEVICE, "device")
    assert token.jkt == OTHER.public.thumbprint()
    with pytest.raises(BadToken, match="expected exp to come"):
        verify_access_token(access_token(), (KEY.public,), ISSUER, Instant(last + 1))


@pytest.mark.parametrize("skew", [-60, 0, 60])
def test_a_clock_a_minute_off_is_borne(skew: int) -> None:
    read_proof(dpop_proof(KEY, "POST", URL, Instant(AT + skew), "j"))


@pytest.mark.parametrize(
    "url",
    [
        URL.upper(),
        URL.replace("https", "http"),
        URL.replace("keys", "Keys"),
        URL.replace("example.no", "example.no:443"),
        URL + "/",
        URL + "?a=1",
        URL + "#",
        URL.replace("keys", "me@keys"),
        URL.replace("nonce", "%6eonce"),
        URL.replace("/t/oslo", "/t/bergen"),
        "/v1/nonce",
        "",
    ],
)
def test_C06_a_proof_for_another_url_is_refused(url: str) -> None:
    with pytest.raises(BadToken):
        read_proof(sign_jws(PROOF_HEADER, PROOF_CLAIMS | {"htu": url}, KEY))


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htm": "post"},
        {"iat": AT - 61},
        {"iat": AT + 61},
        {"iat": float(AT)},
        {"iat": str(AT)},
        {"iat": True},
        {"jti": ""},
        {"jti": "x" * 65},
        {"jti": 1},
        {"nonce": None},
        {"ath": base64url(hashlib.sha256(b"").digest())},
        {"exp": AT + 60},
    ],
    ids=str,
)
def test_C06_a_proof_with_a_claim_that_is_not_right_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(BadToken):
        read_proof(sign_jws(PROOF_HEADER, PROOF_CLAIMS | changed, KEY))


@pytest.mark.parametrize("ath", [None, "", base64url(hashlib.sha256(b"another").digest()), "é"])
def test_C06_a_proof_without_the_hash_of_the_token_sent_is_refused(ath: str | None) -> None:
    claims = PROOF_CLAIMS | ({} if ath is None else {"ath": ath})
    with pytest.raises(BadToken):
        verify_dpop_proof(sign_jws(PROOF_HEADER, claims, KEY), "POST", URL, AT, "the.token")


@pytest.mark.parametrize("name", sorted({*PROOF_CLAIMS} - {"nonce"}))
def test_a_proof_without_a_required_claim_is_refused(name: str) -> None:
    claims = {claim: value for claim, value in PROOF_CLAIMS.items() if claim != name}
    with pytest.raises(BadToken, match=name):
        read_proof(sign_jws(PROOF_HEADER, claims, KEY))


@pytest.mark.parametrize("name", sorted(ASSERTION_CLAIMS))
def test_an_assertion_without_a_required_claim_is_refused(name: str) -> None:
    claims = {claim: value for claim, value in ASSERTION_CLAIMS.items() if claim != name}
    with pytest.raises(BadToken, match=name):
        read_assertion(sign_jws(ASSERTION_HEADER, claims, KEY))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [ISSUER]},
        {"aud": ISSUER + "/"},
        {"aud": "https://other.example/t/oslo"},
        {"iss": "dev_FFFFFFFFFFFFFFFF"},
        {"exp": AT},
        {"exp": AT + 61},
        {"exp": str(AT + 60)},
        {"exp": float(AT + 60)},
        {"iat": AT + 61, "exp": AT + 90},
        {"iat": AT - 61, "exp": AT - 1},
        {"nbf": AT + 61},
        {"admin": True},
    ],
    ids=str,
)
def test_an_assertion_with_a_claim_that_is_not_right_is_refused(
    changed: dict[str, object],
) -> None:
    with pytest.raises(BadToken):
        read_assertion(sign_jws(ASSERTION_HEADER, ASSERTION_CLAIMS | changed, KEY))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://other.example/t/oslo"},
        {"aud": [ISSUER]},
        {"iat": AT - 121},
        {"iat": AT + 61},
        {"exp": AT},
        {"attested_keys": []},
        {"attested_keys": OTHER.public.jwk()},
        {"attested_keys": [OTHER.public.jwk(), OTHER.public.jwk()]},
        {"attested_keys": [KEY.public.jwk()]},
        {"attested_keys": ["key"]},
    ],
    ids=str,
)
def test_C13_an_attestation_with_a_claim_that_is_not_right_is_refused(
    changed: dict[str, object],
) -> None:
    with pytest.raises(BadToken):
        read_attestation(sign_jws(ATTESTATION_HEADER, ATTESTATION_CLAIMS | changed, KEY))


def test_C13_an_attestation_over_more_keys_than_a_batch_has_its_own_error() -> None:
    keys = [SoftwareKey.generate().public for _ in range(MAX_ATTESTED_KEYS + 1)]
    read_attestation(key_attestation(KEY, DEVICE, ISSUER, AT, "n", keys[1:]))
    with pytest.raises(TooManyKeys):
        read_attestation(key_attestation(KEY, DEVICE, ISSUER, AT, "n", keys))


def test_C13_an_attestation_by_another_key_or_for_another_device_is_refused() -> None:
    with pytest.raises(BadToken, match="signature"):
        read_attestation(sign_jws(ATTESTATION_HEADER, ATTESTATION_CLAIMS, OTHER))
    with pytest.raises(BadToken, match="kid"):
        read_attestation(sign_jws(ATTESTATION_HEADER | {"kid": "dev_F"}, ATTESTATION_CLAIMS, KEY))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example/t/oslo"},
        {"aud": "https://other.example/t/oslo"},
        {"sub": "dev_FFFFFFFFFFFFFFFF"},
        {"iat": AT + 61},
        {"exp": AT},
        {"cnf": {}},
        {"cnf": {"jkt": OTHER.public.thumbprint(), "x5t": "y"}},
        {"cnf": OTHER.public.thumbprint()},
        {"scope": ["device"]},
    ],
    ids=str,
)
def test_an_access_token_with_a_claim_that_is_not_right_is_refused(
    changed: dict[str, object],
) -> None:
    with pytest.raises(BadToken):
        read_token(access_token(**changed))


def test_an_access_token_of_a_key_we_do_not_have_is_refused() -> None:
    with pytest.raises(BadToken, match="kid"):
        verify_access_token(access_token(), (OTHER.public,), ISSUER, AT)
    with pytest.raises(BadToken, match="kid"):
        verify_access_token(access_token(), (), ISSUER, AT)
