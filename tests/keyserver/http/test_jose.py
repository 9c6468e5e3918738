"""The strict wrapper around PyJWT: what it opens, and what it refuses unseen (C01 to C04)."""

import hashlib
import hmac
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyserver.jose import (
    BadToken,
    public_key_of,
    verify_jws,
)
from lockagent.protocol.client_proof import (
    sign_jws,
)
from lockagent.protocol.keys import base64url
from tests.external_vectors import external_vectors
from tests.keyserver.http.jose_material import (
    ASSERTION_CLAIMS,
    ASSERTION_HEADER,
    KEY,
    KINDS,
    OTHER,
    PROOF_CLAIMS,
    PROOF_HEADER,
    raw_jws,
    read_assertion,
    read_attestation,
    read_proof,
    read_token,
)


def test_C02_every_invalid_vector_of_wycheproof_is_refused_and_its_valid_es256_accepted() -> None:
    refused = accepted = 0
    for group in external_vectors("json_web_signature_test.json")["testGroups"]:
        jwk = {
            name: value
            for name, value in (group.get("public") or group["private"]).items()
            if name != "d"
        }
        for case in group["tests"]:
            try:
                verify_jws(str(case["jws"]), public_key_of(jwk))
            except BadToken:
                assert case["result"] == "invalid" or jwk.get("alg") != "ES256", case["tcId"]
                refused += case["result"] == "invalid"
            else:
                assert case["result"] == "valid", case["tcId"]
                accepted += 1
    assert (refused, accepted) == (355, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["verify", "sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"d": base64url(b"\x01" * 32)},
        {"kty": "oct", "k": "AAAA"},
        {"crv": "P-384"},
        {"x": base64url(b"\x00" * 32)},
        {"x": base64url(b"\x00" * 31)},
        {"x": KEY.public.jwk()["x"] + "="},
        {"x5u": "https://attacker.example/key"},
    ],
    ids=str,
)
def test_C03_a_key_marked_for_anything_but_verifying_es256_is_refused(
    changed: dict[str, object],
) -> None:
    jwk = KEY.public.jwk() | changed
    with pytest.raises(BadToken, match="expected a"):
        public_key_of(jwk)  # type: ignore[arg-type] # why: any JSON at all
    with pytest.raises(BadToken):
        read_proof(sign_jws({"typ": "dpop+jwt", "jwk": jwk}, PROOF_CLAIMS, KEY))


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "nOnE", "NONE", "HS256", "RS256", "ES384", "EdDSA", "", None, 1]
)
def test_C01_no_algorithm_but_es256_is_read(algorithm: object) -> None:
    header = json.dumps({"alg": algorithm} | PROOF_HEADER).encode()
    for signature in ("", base64url(b"\x00" * 64)):
        token = f"{base64url(header)}.{base64url(json.dumps(PROOF_CLAIMS).encode())}.{signature}"
        with pytest.raises(BadToken, match="expected alg ES256"):
            read_proof(token)


def test_C01_a_public_key_taken_as_an_hmac_secret_signs_nothing() -> None:
    for secret in (KEY.public.x, json.dumps(KEY.public.jwk()).encode(), b""):
        for algorithm in ("HS256", "ES256"):
            header = json.dumps({"alg": algorithm} | PROOF_HEADER).encode()
            signed = f"{base64url(header)}.{base64url(json.dumps(PROOF_CLAIMS).encode())}"
            tag = hmac.digest(secret, signed.encode(), hashlib.sha256)
            with pytest.raises(BadToken):
                read_proof(f"{signed}.{base64url(tag)}")


@pytest.mark.parametrize(
    "stray",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/chain"},
        {"zip": "DEF"},
        {"kid": "../../etc/passwd"},
    ],
    ids=str,
)
def test_C01_a_header_with_anything_beyond_its_kind_is_refused(stray: dict[str, object]) -> None:
    with pytest.raises(BadToken):
        read_proof(sign_jws(PROOF_HEADER | stray, PROOF_CLAIMS, KEY))


def test_C01_a_key_inside_an_assertion_is_not_believed() -> None:
    header = ASSERTION_HEADER | {"jwk": OTHER.public.jwk()}
    with pytest.raises(BadToken):
        read_assertion(sign_jws(header, ASSERTION_CLAIMS, OTHER))
    with pytest.raises(BadToken):
        read_assertion(sign_jws(header, ASSERTION_CLAIMS, KEY))


@pytest.mark.parametrize("taken_as", KINDS)
@pytest.mark.parametrize("made_as", KINDS)
def test_C04_a_jwt_of_one_kind_is_not_taken_for_another(made_as: str, taken_as: str) -> None:
    read, _ = KINDS[taken_as]
    _, made = KINDS[made_as]
    if made_as == taken_as:
        read(made)
        return
    with pytest.raises(BadToken):
        read(made)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/dpop+jwt", "DPOP+JWT", "", None, 1])
def test_C04_typ_is_the_kind_s_own_to_the_letter(typ: object) -> None:
    with pytest.raises(BadToken, match="expected typ"):
        read_proof(sign_jws(PROOF_HEADER | {"typ": typ}, PROOF_CLAIMS, KEY))


def test_a_member_given_twice_is_refused_in_header_and_claims_alike() -> None:
    header, claims = (json.dumps(part).encode() for part in (PROOF_HEADER, PROOF_CLAIMS))
    header = header.replace(b"{", b'{"alg":"ES256",', 1)
    read_proof(raw_jws(header, claims))
    with pytest.raises(BadToken, match="once"):
        read_proof(raw_jws(header.replace(b"{", b'{"alg":"none",', 1), claims))
    with pytest.raises(BadToken, match="once"):
        read_proof(raw_jws(header, claims.replace(b"{", b'{"htm":"GET",', 1)))


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("spoilt", ["{}=", "{}\n", " {}", "{}!", "{}é", "{}A"], ids=ascii)
def test_a_part_that_is_not_canonical_base64url_is_refused(part: int, spoilt: str) -> None:
    parts = sign_jws(PROOF_HEADER, PROOF_CLAIMS, KEY).split(".")
    parts[part] = spoilt.format(parts[part])
    with pytest.raises(BadToken):
        read_proof(".".join(parts))


def test_stray_bits_at_the_end_of_a_signature_are_refused() -> None:
    signed = sign_jws(PROOF_HEADER, PROOF_CLAIMS, KEY)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = alphabet[alphabet.index(signed[-1]) + 1]
    with pytest.raises(BadToken):
        read_proof(signed[:-1] + stray)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "." * 100, "A" * 20_000])
def test_text_that_is_no_compact_jws_is_refused(token: str) -> None:
    with pytest.raises(BadToken):
        read_proof(token)


@given(st.text(max_size=80))
def test_any_text_is_refused_by_one_error(token: str) -> None:
    for read in (read_proof, read_assertion, read_attestation, read_token):
        with pytest.raises(BadToken):
            read(token)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_signed_bytes_are_refused_by_one_error(header: bytes, claims: bytes) -> None:
    for read in (read_proof, read_assertion, read_attestation, read_token):
        with pytest.raises(BadToken):
            read(raw_jws(header, claims))


def test_a_proof_made_by_another_library_is_read() -> None:
    made = jwt.encode(PROOF_CLAIMS, KEY.to_pem().decode(), algorithm="ES256", headers=PROOF_HEADER)
    read_proof(made)


def test_errors_carry_nothing_of_the_token() -> None:
    token = sign_jws(PROOF_HEADER, PROOF_CLAIMS | {"htu": "https://secret.example"}, KEY)
    with pytest.raises(BadToken) as refused:
        read_proof(token)
    assert "secret" not in str(refused.value)
