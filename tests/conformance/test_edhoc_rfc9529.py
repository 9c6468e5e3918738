"""EDHOC against the traces of RFC 9529, byte for byte: both roles, and every invalid message.

The values are carried in `tests/vectors/rfc9529/`. Chapter 2 runs suite 0 through the crypto port.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lockagent.protocol.edhoc.completed import (
    i_process_message_4,
    r_prepare_message_4,
    update_keys,
)
from lockagent.protocol.edhoc.crypto import SUITE_2, Agreement, CipherSuite
from lockagent.protocol.edhoc.handshake import (
    Method,
    PeerCredential,
    SigningIdentity,
    StaticIdentity,
    add_keystream_2,
    kdf,
    transcript_2,
)
from lockagent.protocol.edhoc.initiator import (
    WaitMessage2,
    i_parse_message_2,
    i_prepare_message_1,
    i_prepare_message_3,
    i_verify_message_2,
)
from lockagent.protocol.edhoc.refusal import HandshakeRefused, answer_to, decode_error
from lockagent.protocol.edhoc.responder import (
    r_parse_message_3,
    r_prepare_message_2,
    r_process_message_1,
    r_verify_message_3,
)
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import MalformedMessage, ProtocolError
from lockagent.protocol.keys import SoftwareKey
from tests.conformance.edhoc_parties import (
    ALL_METHODS,
    SUITE_0,
    Ed25519Key,
    Identity,
    X25519Key,
    cast,
)
from tests.external_vectors import external_vectors

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "rfc9529"


def _load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


INVALID = _load("chapter_4.json")["cases"]


@dataclass(frozen=True)
class Trace:
    """One chapter: its values by name, and its parties."""

    values: dict[str, str]
    suite: CipherSuite
    method: Method
    preferred: tuple[int, ...]
    ephemeral_i: Agreement
    ephemeral_r: Agreement
    initiator: Identity
    responder: Identity
    known_i: PeerCredential
    known_r: PeerCredential

    def __getitem__(self, name: str) -> bytes:
        return bytes.fromhex(self.values[name])


def _chapter_2() -> Trace:
    values = _load("chapter_2.json")["values"]
    of = {name: bytes.fromhex(value) for name, value in values.items()}
    key_i, key_r = Ed25519Key(of["SK_I"]), Ed25519Key(of["SK_R"])
    assert (key_i.public.x, key_r.public.x) == (of["PK_I"], of["PK_R"])
    return Trace(
        values=values,
        suite=SUITE_0,
        method=Method.SIGN_SIGN,
        preferred=(),
        ephemeral_i=X25519Key(of["X"]),
        ephemeral_r=X25519Key(of["Y"]),
        initiator=SigningIdentity(of["ID_CRED_I item"], of["CRED_I item"], key_i),
        responder=SigningIdentity(of["ID_CRED_R item"], of["CRED_R item"], key_r),
        known_i=PeerCredential(of["CRED_I item"], key_i.public),
        known_r=PeerCredential(of["CRED_R item"], key_r.public),
    )


def _chapter_3() -> Trace:
    values = _load("chapter_3.json")["values"]
    of = {name: bytes.fromhex(value) for name, value in values.items()}
    key_i, key_r = (SoftwareKey.from_private_bytes(of[name]) for name in ("SK_I", "SK_R"))
    return Trace(
        values=values,
        suite=SUITE_2,
        method=Method.STATIC_STATIC,
        preferred=(6,),
        ephemeral_i=SoftwareKey.from_private_bytes(of["X"]),
        ephemeral_r=SoftwareKey.from_private_bytes(of["Y"]),
        initiator=StaticIdentity(of["ID_CRED_I item"], of["CRED_I item"], key_i),
        responder=StaticIdentity(of["ID_CRED_R item"], of["CRED_R item"], key_r),
        known_i=PeerCredential(of["CRED_I item"], key_i.public),
        known_r=PeerCredential(of["CRED_R item"], key_r.public),
    )


TRACES = [pytest.param(_chapter_2(), id="chapter 2"), pytest.param(_chapter_3(), id="chapter 3")]


@pytest.mark.parametrize("trace", TRACES)
def test_the_initiator_writes_and_reads_the_published_bytes(trace: Trace) -> None:
    waiting, message_1 = i_prepare_message_1(
        suite=trace.suite,
        method=trace.method,
        ephemeral=trace.ephemeral_i,
        c_i=trace["C_I"],
        preferred=trace.preferred,
    )
    assert message_1 == trace["message_1"]
    assert waiting.hash_of_message_1 == trace["H(message_1)"]

    parsed = i_parse_message_2(waiting, trace["message_2"])
    assert (parsed.c_r, parsed.th_2) == (trace["C_R"], trace["TH_2"])
    assert (parsed.prk_2e, parsed.plaintext_2) == (trace["PRK_2e"], trace["PLAINTEXT_2"])
    assert (parsed.id_cred_r, parsed.ead_2) == (trace["ID_CRED_R item"], ())

    verified = i_verify_message_2(parsed, trace.known_r)
    assert (verified.th_3, verified.prk_3e2m) == (trace["TH_3"], trace["PRK_3e2m"])

    session, message_3 = i_prepare_message_3(verified, identity=trace.initiator)
    assert message_3 == trace["message_3"]
    assert (session.th_4, session.prk_4e3m) == (trace["TH_4"], trace["PRK_4e3m"])
    assert (session.prk_out, session.prk_exporter) == (trace["PRK_out"], trace["PRK_exporter"])
    assert i_process_message_4(session, trace["message_4"]) == ()


@pytest.mark.parametrize("trace", TRACES)
def test_the_responder_writes_and_reads_the_published_bytes(trace: Trace) -> None:
    processed = r_process_message_1(trace["message_1"], suites=[trace.suite], methods=ALL_METHODS)
    assert (processed.c_i, processed.g_x) == (trace["C_I"], trace["G_X"])
    assert processed.hash_of_message_1 == trace["H(message_1)"]

    waiting, message_2 = r_prepare_message_2(
        processed, ephemeral=trace.ephemeral_r, c_r=trace["C_R"], identity=trace.responder
    )
    assert message_2 == trace["message_2"]
    assert (waiting.th_3, waiting.prk_3e2m) == (trace["TH_3"], trace["PRK_3e2m"])
    assert (waiting.k_3, waiting.iv_3) == (trace["K_3"], trace["IV_3"])

    parsed = r_parse_message_3(waiting, trace["message_3"])
    assert (parsed.plaintext_3, parsed.ead_3) == (trace["PLAINTEXT_3"], ())
    assert parsed.id_cred_i == trace["ID_CRED_I item"]

    session = r_verify_message_3(parsed, trace.known_i)
    assert (session.th_4, session.prk_4e3m) == (trace["TH_4"], trace["PRK_4e3m"])
    assert (session.c_i, session.c_r) == (trace["C_I"], trace["C_R"])
    assert r_prepare_message_4(session) == trace["message_4"]


@pytest.mark.parametrize("trace", TRACES)
def test_exporter_and_key_update_give_the_published_keys(trace: Trace) -> None:
    session = _responder_session(trace)
    assert session.exporter(0, b"", 16) == trace["OSCORE Master Secret"]
    assert session.exporter(1, b"", 8) == trace["OSCORE Master Salt"]

    updated = update_keys(session, trace["context for KeyUpdate"])
    assert updated.prk_out == trace["PRK_out after KeyUpdate"]
    assert updated.prk_exporter == trace["PRK_exporter after KeyUpdate"]
    assert updated.exporter(0, b"", 16) == trace["OSCORE Master Secret after KeyUpdate"]
    assert updated.exporter(1, b"", 8) == trace["OSCORE Master Salt after KeyUpdate"]


def test_message_4_cannot_follow_a_key_update() -> None:
    updated = update_keys(_responder_session(_chapter_3()), b"")
    with pytest.raises(RuntimeError, match="before a key update"):
        r_prepare_message_4(updated)


def test_the_first_message_1_of_chapter_3_is_written_as_published() -> None:
    first = {
        name: bytes.fromhex(value)
        for name, value in _load("chapter_3.json")["first_attempt"].items()
    }
    # Suite 6 has the curve of suite 2: nothing but the label shows in message_1.
    _, message_1 = i_prepare_message_1(
        suite=replace(SUITE_2, label=6),
        method=Method.STATIC_STATIC,
        ephemeral=SoftwareKey.from_private_bytes(first["X"]),
        c_i=first["C_I"],
    )
    assert message_1 == first["message_1"]


def test_the_refused_suite_of_chapter_3_is_answered_with_the_published_error() -> None:
    first = _load("chapter_3.json")["first_attempt"]
    with pytest.raises(HandshakeRefused) as refused:
        r_process_message_1(
            bytes.fromhex(first["message_1"]), suites=[SUITE_2], methods=ALL_METHODS
        )
    answer = answer_to(refused.value)
    assert answer == bytes.fromhex(first["error"])
    assert decode_error(answer).suites == (2,)


@pytest.mark.parametrize("trace", TRACES)
def test_each_key_derivation_has_the_published_info(trace: Trace) -> None:
    suite, th_2, th_3, th_4 = trace.suite, trace["TH_2"], trace["TH_3"], trace["TH_4"]
    assert transcript_2(suite, trace["G_Y"], trace["H(message_1)"]) == th_2
    size = len(trace["PLAINTEXT_2"])
    assert kdf(suite, trace["PRK_2e"], 0, th_2, size) == trace["KEYSTREAM_2"]
    assert kdf(suite, trace["PRK_3e2m"], 3, th_3, 16) == trace["K_3"]
    assert kdf(suite, trace["PRK_3e2m"], 4, th_3, 13) == trace["IV_3"]
    assert kdf(suite, trace["PRK_4e3m"], 8, th_4, 16) == trace["K_4"]
    assert kdf(suite, trace["PRK_4e3m"], 9, th_4, 13) == trace["IV_4"]
    size = len(trace["MAC_2"])
    assert kdf(suite, trace["PRK_3e2m"], 2, trace["context_2"], size) == trace["MAC_2"]
    assert kdf(suite, trace["PRK_4e3m"], 6, trace["context_3"], size) == trace["MAC_3"]


def test_the_carried_values_are_those_of_the_external_file() -> None:
    published = external_vectors("rfc9529.json")
    assert published["invalid"] == INVALID
    carried_3 = _load("chapter_3.json")
    tables = (
        _load("chapter_2.json")["values"].values(),
        [*carried_3["first_attempt"].values(), *carried_3["values"].values()],
    )
    for chapter, values in zip(published["chapters"].values(), tables, strict=True):
        assert [value for _, value in chapter] == list(values)


# What each invalid message of chapter 4 breaks, as our refusal says it.
WHY = {
    "Surplus array encoding of message": "METHOD as an integer",
    "Surplus bstr encoding of connection identifier": "one-byte identifier as its integer",
    "Surplus array encoding of ciphersuite": "two suites or more in an array",
    "Text string encoding of ephemeral key": "G_X as a byte string",
    "Wrong number of CBOR sequence elements": "expected one item",
    "Surplus map encoding of ID_CRED field": "a lone kid in its short form",
    "Surplus bstr encoding of ID_CRED field": "one-byte identifier as its integer",
    "Error in length of ephemeral key": "a G_X of 48 bytes",
    "Error in elliptic curve representation": "a point on P-256",
    "Error in elliptic curve point": "a point on P-256",
    "Curve point of low order": "a point of full order",
    "Error in length of MAC": "Signature_or_MAC of 8 bytes",
    "Error in elliptic curve encoding": "a G_X of 32 bytes",
    "Unnecessary long encoding": "the shortest form",
    "Indefinite-length array encoding": "a definite length",
}


@pytest.mark.parametrize("case", INVALID, ids=[case["name"] for case in INVALID])
def test_each_invalid_message_is_refused_for_its_own_fault(case: dict[str, str]) -> None:
    received = bytes.fromhex(case["hex"])
    receive = {
        "message_1": _receive_message_1,
        "message_2": lambda message: i_parse_message_2(_waiting_for_message_2(), message),
        "PLAINTEXT_2": _receive_plaintext_2,
    }[case["kind"]]
    with pytest.raises(MalformedMessage, match=WHY[case["name"]]):
        receive(received)


def test_an_unsupported_selection_of_suites_is_refused_before_the_length_of_g_x() -> None:
    case = next(case for case in INVALID if "length of ephemeral" in case["name"])
    with pytest.raises(ProtocolError, match="alone is spoken here"):
        r_process_message_1(bytes.fromhex(case["hex"]), suites=[SUITE_2], methods=ALL_METHODS)


def _receive_message_1(message_1: bytes) -> None:
    # Suite 24 stands for P-384 here: only the length of its points matters to what is refused.
    selects_24 = message_1.startswith(b"\x03\x82\x02\x18\x18")
    suites = [replace(SUITE_2, label=24, point_size=48)] if selects_24 else [SUITE_0, SUITE_2]
    processed = r_process_message_1(message_1, suites=suites, methods=ALL_METHODS)
    parties = cast(processed.suite)
    identity, _ = parties.responder(processed.method)
    r_prepare_message_2(processed, ephemeral=parties.ephemeral_r, c_r=b"", identity=identity)


def _waiting_for_message_2() -> WaitMessage2:
    trace = _chapter_3()
    waiting, _ = i_prepare_message_1(
        suite=trace.suite,
        method=trace.method,
        ephemeral=trace.ephemeral_i,
        c_i=trace["C_I"],
        preferred=trace.preferred,
    )
    return waiting


def _receive_plaintext_2(plaintext: bytes) -> None:
    # An honest Responder's keystream over the invalid plaintext: what a faulty peer would send.
    trace = _chapter_3()
    ciphertext = add_keystream_2(trace.suite, trace["PRK_2e"], trace["TH_2"], plaintext)
    i_parse_message_2(_waiting_for_message_2(), encode(trace["G_Y"] + ciphertext))


def _responder_session(trace: Trace) -> Any:
    processed = r_process_message_1(trace["message_1"], suites=[trace.suite], methods=ALL_METHODS)
    waiting, _ = r_prepare_message_2(
        processed, ephemeral=trace.ephemeral_r, c_r=trace["C_R"], identity=trace.responder
    )
    return r_verify_message_3(r_parse_message_3(waiting, trace["message_3"]), trace.known_i)
