"""A second EDHOC (RFC 9528), both roles, to hold against the product's own.

Written from the RFC alone and sharing no line with the product; test-only. Cipher suite 2
(AES-CCM-16-64-128, SHA-256, MAC 8, P-256, ES256) and all four methods, since the town's METHOD 1
is one half of method 0 and one half of method 3, and RFC 9529 has traces of those two.

How to drive it. Bytes in, bytes out; keys are P-256 private keys of `cryptography`; CRED_x and
ID_CRED_x are CBOR as it stands on the wire. Every method is called once, in this order:

    phone = SecondInitiator(ephemeral, signing_key, id_cred_i, cred_i)
    door = SecondResponder(ephemeral, static_key, id_cred_r, cred_r)
    door.take_message_1(phone.message_1())
    id_cred_r = phone.take_message_2(door.message_2())       # the map {4: kid}, as CBOR
    phone.trust_responder(cred_r, static_public_key)         # MAC_2 holds, or Refused
    presented = door.take_message_3(phone.message_3(ead_3))  # .id_cred_i, .kcwt, .ead_3
    door.trust_initiator(presented.kcwt, signing_public_key)  # the signature holds, or Refused
    phone.exporter(label, context, length) == door.exporter(label, context, length)

`message_3` is the one exception: called again it answers the bytes of the first call.
`message_3_padding(id_cred_i, length)` says how many bytes of `padding(n, random)` bring message_3
to `length` (318, with an OPEN record of 42 behind it, makes 360). What the peer got wrong is
`Refused`, whose `error` is the EDHOC error to send; after it the session goes no further.
`trace` has every intermediate value under the RFC's own name, for comparison.

Left to the caller: finding and judging credentials, the kid's being a hash of CRED_R, framing,
timers, and the records under the exporter.
"""

from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from tests.conformance.second_edhoc_bytes import (
    HASH_LENGTH,
    KCWT,
    KID,
    MAC_LENGTH,
    SIGNATURE_LENGTH,
    WRONG_SUITE,
    Profile,
    Refused,
    bstr,
    check_mac,
    check_padding_only,
    check_signature,
    exclusive_or,
    expand,
    extract,
    full_id_cred,
    mac_input,
    padding,
    read_exactly,
    read_sequence,
    selected_suite,
    sha256,
    shared_secret,
    short_id_cred,
    sign,
    signature_input,
    x_of,
)

__all__ = [
    "TOWN",
    "Presented",
    "Profile",
    "Refused",
    "SecondInitiator",
    "SecondResponder",
    "message_3_padding",
    "padding",
]

_SUITE = 2
_KCWT_HEAD = bytes.fromhex("a10d84")
_TAG_LENGTH = 8


TOWN = Profile()


@dataclass(frozen=True, slots=True)
class Presented:
    """What message_3 carried, decrypted but proved by nobody: `kcwt` empty under another label."""

    id_cred_i: bytes
    kcwt: bytes
    ead_3: bytes


def message_3_padding(id_cred_i: bytes, length: int, profile: Profile = TOWN) -> int:
    """How many bytes of EAD_3 make message_3 `length` bytes; ValueError where none do."""
    proof = SIGNATURE_LENGTH if profile.initiator_signs else MAC_LENGTH
    bare = len(short_id_cred(id_cred_i)) + len(bstr(bytes(proof))) + _TAG_LENGTH
    for head in (1, 2, 3):
        missing = length - head - bare
        if missing >= 0 and len(bstr(bytes(bare + missing))) == length:
            return missing
    raise ValueError(f"expected a length message_3 can have, got {length}")


class _Session:
    """The key schedule (§4.1) and the turn-taking that both roles share."""

    def __init__(
        self,
        ephemeral: ec.EllipticCurvePrivateKey,
        authentication_key: ec.EllipticCurvePrivateKey,
        id_cred: bytes,
        cred: bytes,
        profile: Profile,
        first: str,
    ) -> None:
        self.trace: dict[str, bytes] = {}
        self._ephemeral: ec.EllipticCurvePrivateKey | None = ephemeral
        self._own_x = x_of(ephemeral.public_key())
        self._authentication_key = authentication_key
        self._id_cred = id_cred
        self._cred = cred
        self._profile = profile
        self._turn = first

    def _begin(self, step: str) -> None:
        """Enter `step`; until it sets the next turn, a failure leaves the session ended."""
        if self._turn != step:
            raise RuntimeError(f"expected {self._turn}, got {step}")
        self._turn = "no further step"

    def _agree(self, peer_x: bytes) -> bytes:
        if self._ephemeral is None:
            raise RuntimeError("expected an ephemeral key, got a session that has burnt it")
        return shared_secret(self._ephemeral, peer_x)

    def _derive_2e(self, g_y: bytes, message_1: bytes, g_xy: bytes) -> None:
        t = self.trace
        t["H(message_1)"] = sha256(message_1)
        t["TH_2"] = sha256(bstr(g_y), bstr(t["H(message_1)"]))
        t["G_XY"] = g_xy
        t["PRK_2e"] = extract(t["TH_2"], g_xy)

    def _derive_3e2m(self, g_rx: bytes | None) -> None:
        """PRK_3e2m (§4.1.1.2); `g_rx` is None where the responder signs."""
        t = self.trace
        t["PRK_3e2m"] = t["PRK_2e"]
        if g_rx is not None:
            t["SALT_3e2m"] = expand(t["PRK_2e"], 1, t["TH_2"], HASH_LENGTH)
            t["G_RX"] = g_rx
            t["PRK_3e2m"] = extract(t["SALT_3e2m"], g_rx)

    def _derive_mac_2(self, id_cred_r: bytes, cred_r: bytes) -> bytes:
        """MAC_2 (§5.3.2)."""
        t = self.trace
        t["context_2"] = mac_input(self._profile.c_r, id_cred_r, t["TH_2"], cred_r, b"")
        length = HASH_LENGTH if self._profile.responder_signs else MAC_LENGTH
        t["MAC_2"] = expand(t["PRK_3e2m"], 2, t["context_2"], length)
        return t["MAC_2"]

    def _keystream_2(self, length: int) -> bytes:
        self.trace["KEYSTREAM_2"] = expand(self.trace["PRK_2e"], 0, self.trace["TH_2"], length)
        return self.trace["KEYSTREAM_2"]

    def _derive_th_3(self, cred_r: bytes) -> None:
        t = self.trace
        t["TH_3"] = sha256(bstr(t["TH_2"]), t["PLAINTEXT_2"], cred_r)
        t["K_3"] = expand(t["PRK_3e2m"], 3, t["TH_3"], 16)
        t["IV_3"] = expand(t["PRK_3e2m"], 4, t["TH_3"], 13)
        t["A_3"] = cbor2.dumps(["Encrypt0", b"", t["TH_3"]])

    def _derive_4e3m(self, g_iy: bytes | None) -> None:
        """PRK_4e3m (§4.1.1.3); `g_iy` is None where the initiator signs."""
        t = self.trace
        t["PRK_4e3m"] = t["PRK_3e2m"]
        if g_iy is not None:
            t["SALT_4e3m"] = expand(t["PRK_3e2m"], 5, t["TH_3"], HASH_LENGTH)
            t["G_IY"] = g_iy
            t["PRK_4e3m"] = extract(t["SALT_4e3m"], g_iy)

    def _derive_mac_3(self, id_cred_i: bytes, cred_i: bytes, ead_3: bytes) -> bytes:
        """MAC_3 (§5.4.2)."""
        t = self.trace
        t["context_3"] = mac_input(b"", id_cred_i, t["TH_3"], cred_i, ead_3)
        length = HASH_LENGTH if self._profile.initiator_signs else MAC_LENGTH
        t["MAC_3"] = expand(t["PRK_4e3m"], 6, t["context_3"], length)
        return t["MAC_3"]

    def _derive_out(self, cred_i: bytes) -> None:
        """TH_4, PRK_out and PRK_exporter (§4.1.3, §4.2.1)."""
        t = self.trace
        t["TH_4"] = sha256(bstr(t["TH_3"]), t["PLAINTEXT_3"], cred_i)
        t["PRK_out"] = expand(t["PRK_4e3m"], 7, t["TH_4"], HASH_LENGTH)
        t["PRK_exporter"] = expand(t["PRK_out"], 10, b"", HASH_LENGTH)

    def exporter(self, label: int, context: bytes, length: int) -> bytes:
        """EDHOC_Exporter (§4.2.1), once this end is done: `length` bytes for `label`."""
        if self._turn != "exporter":
            raise RuntimeError(f"expected {self._turn}, got exporter")
        return expand(self.trace["PRK_exporter"], label, context, length)


class SecondInitiator(_Session):
    """The initiator; `authentication_key` signs in methods 0 and 1, else is a static DH key."""

    def __init__(
        self,
        ephemeral: ec.EllipticCurvePrivateKey,
        authentication_key: ec.EllipticCurvePrivateKey,
        id_cred_i: bytes,
        cred_i: bytes,
        profile: Profile = TOWN,
    ) -> None:
        super().__init__(ephemeral, authentication_key, id_cred_i, cred_i, profile, "message_1")
        self._id_cred_r = self._proof_2 = b""

    def message_1(self) -> bytes:
        """METHOD, SUITES_I, G_X, C_I (§5.2.1)."""
        self._begin("message_1")
        profile = self._profile
        self.trace["G_X"] = self._own_x
        message = bytes([profile.method]) + profile.suites_i + bstr(self._own_x) + profile.c_i
        self.trace["message_1"] = message
        self._turn = "take_message_2"
        return message

    def take_message_2(self, message_2: bytes) -> bytes:
        """Decrypt (§5.3.3): the map ID_CRED_R, by which the caller finds CRED_R."""
        self._begin("take_message_2")
        t, profile = self.trace, self._profile
        t["message_2"] = message_2
        (content,) = read_exactly(1, message_2)
        g_y, ciphertext = content.byte_string()[:32], content.byte_string()[32:]
        if not ciphertext:
            raise Refused(f"expected more than 32 bytes in message_2, got {content.argument}")
        t["G_Y"], t["CIPHERTEXT_2"] = g_y, ciphertext
        self._derive_2e(g_y, t["message_1"], self._agree(g_y))
        t["PLAINTEXT_2"] = exclusive_or(ciphertext, self._keystream_2(len(ciphertext)))
        c_r, id_cred_r, proof = read_exactly(3, t["PLAINTEXT_2"])
        if c_r.raw != profile.c_r:
            raise Refused(f"expected C_R {profile.c_r.hex()}, got another")
        self._id_cred_r = t["ID_CRED_R"] = full_id_cred(id_cred_r)
        if self._id_cred_r[:3] != bytes([0xA1, KID, 0x40 + profile.kid_r_length]):
            raise Refused(f"expected a kid of {profile.kid_r_length} bytes, got another ID_CRED_R")
        self._proof_2 = proof.byte_string(
            SIGNATURE_LENGTH if profile.responder_signs else MAC_LENGTH
        )
        self._turn = "trust_responder"
        return self._id_cred_r

    def trust_responder(self, cred_r: bytes, public_key: ec.EllipticCurvePublicKey) -> None:
        """Check Signature_or_MAC_2 against the credential the caller found and judged."""
        self._begin("trust_responder")
        t, profile = self.trace, self._profile
        self._derive_3e2m(None if profile.responder_signs else self._agree(x_of(public_key)))
        mac_2 = self._derive_mac_2(self._id_cred_r, cred_r)
        if profile.responder_signs:
            signed = signature_input(self._id_cred_r, t["TH_2"], cred_r, b"", mac_2)
            check_signature(public_key, self._proof_2, signed)
        else:
            check_mac(mac_2, self._proof_2)
        self._derive_th_3(cred_r)
        self._ephemeral = None
        self._turn = "message_3"

    def message_3(self, ead_3: bytes = b"") -> bytes:
        """Compose (§5.4.2) at the first call; `ead_3` is encoded items, here not looked at."""
        t, profile = self.trace, self._profile
        if self._turn == "exporter":
            return t["message_3"]
        self._begin("message_3")
        static = None if profile.initiator_signs else self._authentication_key
        self._derive_4e3m(None if static is None else shared_secret(static, t["G_Y"]))
        proof = self._derive_mac_3(self._id_cred, self._cred, ead_3)
        if profile.initiator_signs:
            signed = signature_input(self._id_cred, t["TH_3"], self._cred, ead_3, proof)
            proof = sign(self._authentication_key, signed)
        t["Signature_or_MAC_3"] = proof
        t["PLAINTEXT_3"] = short_id_cred(self._id_cred) + bstr(proof) + ead_3
        cipher = AESCCM(t["K_3"], tag_length=_TAG_LENGTH)
        t["CIPHERTEXT_3"] = cipher.encrypt(t["IV_3"], t["PLAINTEXT_3"], t["A_3"])
        t["message_3"] = bstr(t["CIPHERTEXT_3"])
        self._derive_out(self._cred)
        self._turn = "exporter"
        return t["message_3"]


class SecondResponder(_Session):
    """The responder; `authentication_key` is a static DH key in methods 1 and 3, else it signs."""

    def __init__(
        self,
        ephemeral: ec.EllipticCurvePrivateKey,
        authentication_key: ec.EllipticCurvePrivateKey,
        id_cred_r: bytes,
        cred_r: bytes,
        profile: Profile = TOWN,
    ) -> None:
        super().__init__(
            ephemeral, authentication_key, id_cred_r, cred_r, profile, "take_message_1"
        )
        self._presented = Presented(b"", b"", b"")
        self._proof_3 = b""

    def take_message_1(self, message_1: bytes) -> None:
        """Accept exactly the profile's message_1 (§5.2.3); the suite is judged first (§6.3)."""
        self._begin("take_message_1")
        profile = self._profile
        items = list(read_sequence(message_1))
        if len(items) < 4:
            raise Refused(f"expected four items in message_1, got {len(items)}")
        method, suites, g_x, c_i = items[:4]
        if selected_suite(suites) != _SUITE:
            raise Refused(f"expected cipher suite {_SUITE}, got another", WRONG_SUITE)
        if suites.raw != profile.suites_i:
            raise Refused(f"expected SUITES_I {profile.suites_i.hex()}, got another")
        if method.integer() != profile.method:
            raise Refused(f"expected METHOD {profile.method}, got {method.integer()}")
        if c_i.raw != profile.c_i:
            raise Refused(f"expected C_I {profile.c_i.hex()}, got another")
        if len(items) > 4:
            raise Refused("expected no EAD_1, got some")
        self.trace["message_1"] = message_1
        self.trace["G_X"] = g_x.byte_string(32)
        g_xy = self._agree(self.trace["G_X"])
        self.trace["G_Y"] = self._own_x
        self._derive_2e(self._own_x, message_1, g_xy)
        self._turn = "message_2"

    def message_2(self) -> bytes:
        """Compose (§5.3.2); burns the ephemeral key where the initiator will sign."""
        self._begin("message_2")
        t, profile = self.trace, self._profile
        static = None if profile.responder_signs else self._authentication_key
        self._derive_3e2m(None if static is None else shared_secret(static, t["G_X"]))
        proof = self._derive_mac_2(self._id_cred, self._cred)
        if profile.responder_signs:
            signed = signature_input(self._id_cred, t["TH_2"], self._cred, b"", proof)
            proof = sign(self._authentication_key, signed)
        t["Signature_or_MAC_2"] = proof
        t["PLAINTEXT_2"] = profile.c_r + short_id_cred(self._id_cred) + bstr(proof)
        keystream = self._keystream_2(len(t["PLAINTEXT_2"]))
        t["CIPHERTEXT_2"] = exclusive_or(t["PLAINTEXT_2"], keystream)
        t["message_2"] = bstr(self._own_x + t["CIPHERTEXT_2"])
        self._derive_th_3(self._cred)
        if profile.initiator_signs:
            self._ephemeral = None
        self._turn = "take_message_3"
        return t["message_2"]

    def take_message_3(self, message_3: bytes) -> Presented:
        """Decrypt and parse (§5.4.3): what was presented, for the caller to judge."""
        self._begin("take_message_3")
        t, profile = self.trace, self._profile
        t["message_3"] = message_3
        (content,) = read_exactly(1, message_3)
        t["CIPHERTEXT_3"] = content.byte_string()
        if len(t["CIPHERTEXT_3"]) <= _TAG_LENGTH:
            raise Refused(f"expected more than a tag in message_3, got {content.argument} bytes")
        try:
            cipher = AESCCM(t["K_3"], tag_length=_TAG_LENGTH)
            plaintext = cipher.decrypt(t["IV_3"], t["CIPHERTEXT_3"], t["A_3"])
        except InvalidTag:
            raise Refused("expected message_3 under this session's key, got another") from None
        t["PLAINTEXT_3"] = plaintext
        items = list(read_sequence(plaintext))
        if len(items) < 2:
            raise Refused(f"expected ID_CRED_I and a proof in message_3, got {len(items)} items")
        length = SIGNATURE_LENGTH if profile.initiator_signs else MAC_LENGTH
        self._proof_3 = items[1].byte_string(length)
        ead_3 = plaintext[len(items[0].raw) + len(items[1].raw) :]
        check_padding_only(ead_3)
        id_cred_i = full_id_cred(items[0])
        if id_cred_i[:2] != bytes([0xA1, profile.id_cred_i_label]):
            raise Refused(f"expected ID_CRED_I under label {profile.id_cred_i_label}, got another")
        kcwt = b""
        if profile.id_cred_i_label == KCWT:
            if not id_cred_i.startswith(_KCWT_HEAD):
                raise Refused("expected the kcwt as an array of four, got another item")
            kcwt = id_cred_i[2:]
        self._presented = Presented(id_cred_i, kcwt, ead_3)
        self._turn = "trust_initiator"
        return self._presented

    def trust_initiator(self, cred_i: bytes, public_key: ec.EllipticCurvePublicKey) -> None:
        """Check Signature_or_MAC_3 against the credential the caller found and judged."""
        self._begin("trust_initiator")
        t, profile, presented = self.trace, self._profile, self._presented
        self._derive_4e3m(None if profile.initiator_signs else self._agree(x_of(public_key)))
        mac_3 = self._derive_mac_3(presented.id_cred_i, cred_i, presented.ead_3)
        if profile.initiator_signs:
            signed = signature_input(presented.id_cred_i, t["TH_3"], cred_i, presented.ead_3, mac_3)
            check_signature(public_key, self._proof_3, signed)
        else:
            check_mac(mac_3, self._proof_3)
        self._derive_out(cred_i)
        self._ephemeral = None
        self._turn = "exporter"
