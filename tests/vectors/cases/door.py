"""The door: one phone from message_1 to RESULT, and steps 3 and 4 of it (SPEC.md 2, 4 and 6).

`Door` is what a door holds and believes; `accepted`, `denied` and `failed` say what must come of
a session there. `message_1` has steps 1 and 2 alone, `door_proofs` steps 5 to
8, `door_rights` steps 9 to 12.
"""

from dataclasses import dataclass

from lockagent.protocol.edhoc.messages import EadItem
from lockagent.protocol.edhoc.profile import credential_id_cred
from lockagent.protocol.encoding import encode
from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.records import Result
from policies.vocabulary import AccessPointNumber, Instant
from tests.vectors.case import MALFORMED, Asked, Inputs, Suite
from tests.vectors.fixed import (
    BUNDLE,
    BUNDLE_BYTES,
    CREDENTIAL_KEY,
    DOOR_EPHEMERAL,
    FACILITY,
    OTHER_EPHEMERAL,
    READER_KEY,
    REALM,
    ROOT_BYTES,
    START,
    credential_claims,
    reader_claims,
)
from tests.vectors.sessions import (
    CERTIFICATE,
    NONCE,
    POINT,
    Presentation,
    credential,
    message_1,
    message_2,
    sized_credential,
)

QUESTION = (
    "a door at `point` of `facility` with `root` and the bundle `held` (or null) as its trust,"
    " the certificate and private key of its reader, and an ephemeral key, takes `message_1` and"
    " then `presentation`, message_3 with OPEN. `hi` (null: no bound) is the latest the time may"
    " be, `is_clock_narrow` whether that will do. Steps 1 to 12 of section 6: `accept`, or the"
    " journal's reason with `step`. `message_2` is what it answers; then `error` on channel 1 or"
    " `result` on channel 2, the latter with `nonce`, and `strike_seconds` where it accepts."
)
DOOR = Suite("door", QUESTION)

FIXED_ERROR = bytes.fromhex("0160")
STRIKE_SECONDS = 5
WITHIN = Instant(START + 7_200)
"""Two hours in: inside the golden credential's first window, [3600, 14400)."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the door holds and believes; by default it opens to the golden credential."""

    hi: Instant | None = WITHIN
    bundle: bytes | None = BUNDLE_BYTES
    point: AccessPointNumber = POINT
    is_sensitive: bool = False
    is_clock_narrow: bool = True

    def inputs(self, first: bytes, presentation: bytes) -> Inputs:
        """What is asked of it."""
        return {
            "environment": str(REALM.environment),
            "tenant": str(REALM.tenant),
            "facility": str(FACILITY),
            "point": self.point,
            "is_sensitive": self.is_sensitive,
            "root": ROOT_BYTES,
            "held": self.bundle,
            "hi": self.hi,
            "is_clock_narrow": self.is_clock_narrow,
            "reader_key": READER_KEY.scalar,
            "ephemeral_key": DOOR_EPHEMERAL.scalar,
            "certificate": CERTIFICATE,
            "nonce": NONCE,
            "strike_seconds": STRIKE_SECONDS,
            "message_1": first,
            "presentation": presentation,
        }


ORDINARY = Door()


def accepted(presentation: Presentation, flags: int = 1, door: Door = ORDINARY) -> Asked:
    """Steps 1 to 12 hold, `flags` are in force, and RESULT grants."""
    granted = CoarseReason.NONE
    result = Result(True, STRIKE_SECONDS, granted, None, BUNDLE.version, False, NONCE)
    return _answered(presentation, door, result, {"flags": flags})


def denied(
    presentation: Presentation,
    step: int,
    code: CoarseReason,
    next_opening: int | None = None,
    door: Door = ORDINARY,
) -> Asked:
    """A failure of steps 8 to 12: RESULT says `code` and perhaps the next opening."""
    opening = None if next_opening is None else Instant(next_opening)
    result = Result(False, 0, code, opening, BUNDLE.version, False, NONCE)
    said: Inputs = {"step": step, "code": int(code), "next_opening": next_opening or 0}
    return _answered(presentation, door, result, said)


def failed(presentation: Presentation | bytes, step: int, door: Door = ORDINARY) -> Asked:
    """A failure of steps 3 to 7: the fixed error, and nothing else."""
    first, sent = message_1(), presentation
    if isinstance(sent, Presentation):
        sent = sent.sent()
    outputs: Inputs = {"message_2": message_2(first), "step": step, "error": FIXED_ERROR}
    return Asked(door.inputs(first, sent), outputs)


def _answered(presentation: Presentation, door: Door, result: Result, said: Inputs) -> Asked:
    first = message_1()
    outputs: Inputs = {
        "message_2": message_2(first),
        **said,
        "result": presentation.answered(result.encode()),
    }
    return Asked(door.inputs(first, presentation.sent()), outputs)


@DOOR.case("golden", "6.12")
def golden() -> Asked:
    """Three grants, the first of which is for this door and now: 37, 53, 360 and 58 bytes."""
    return accepted(Presentation())


def _sizes() -> None:
    rows = (
        (239, "The longest credential of 360 bytes, without padding."),
        (240, "One byte more makes 540."),
        (420, "A credential of 420 bytes makes 720."),
        (779, "The longest credential makes 900, without padding."),
    )
    for size, rule in rows:

        def make(size: int = size) -> Asked:
            return accepted(Presentation(sized_credential(size)))

        make.__doc__ = rule
        DOOR.case(f"credential-of-{size}", "4.5")(make)


_sizes()


@DOOR.case("larger-class", "4.5")
def larger_class() -> Asked:
    """A phone takes the smallest class that holds its credential; a door takes any."""
    return accepted(Presentation(size=900))


@DOOR.case("padding-of-many-items", "2.5")
def padding_of_many_items() -> Asked:
    """Padding may be many labels 0, with and without values, of any content."""
    ead = (EadItem(0), EadItem(0, b"\xff\x00"), EadItem(0), EadItem(0, b""))
    return accepted(Presentation(ead=ead))


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


@DOOR.case("step-3-another-session", "6.3", MALFORMED)
def another_session() -> Asked:
    """A presentation of a session with another ephemeral key: a replay (A20, B02)."""
    return failed(Presentation(ephemeral=OTHER_EPHEMERAL), 3)


@DOOR.case("step-3-tag", "6.3", MALFORMED)
def tag_changed() -> Asked:
    """One bit of message_3's tag."""
    return failed(_flipped(Presentation().sent(), -43), 3)


@DOOR.case("step-3-ciphertext", "6.3", MALFORMED)
def ciphertext_changed() -> Asked:
    """One bit of its ciphertext."""
    return failed(_flipped(Presentation().sent(), 100), 3)


def _sizes_refused() -> None:
    rows = (
        ("359-bytes", "A byte less than 360; it would decrypt.", Presentation(size=359)),
        ("361-bytes", "A byte more.", Presentation(size=361)),
        ("901-bytes", "A byte more than 900.", Presentation(size=901)),
        ("without-open", "message_3 alone.", Presentation(size=318, record=b"")),
    )
    for name, rule, presentation in rows:

        def make(presentation: Presentation = presentation) -> Asked:
            return failed(presentation, 3)

        make.__doc__ = rule
        DOOR.case(f"step-3-{name}", "4.5", MALFORMED)(make)


_sizes_refused()


def _plaintexts() -> None:
    """PLAINTEXT_3 and what is sent for it, 360 bytes in all, none of them a presentation."""
    named, size = credential_id_cred(credential()), 360 - 42 - 3 - 8
    proof = encode(bytes(64))
    rows = (
        ("text-after-proof", "EAD_3 begins with a label.", named + proof, b"\x60"),
        ("two-values", "A label of EAD_3 has one value.", named + proof, b"\x00\x40\x40"),
        ("label-long", "A label has its shortest form (A11).", named + proof, b"\x18\x00"),
        ("signature-63", "The signature has 64 bytes.", named + encode(bytes(63)), b""),
        ("signature-65", "The signature has 64 bytes.", named + encode(bytes(65)), b""),
        ("signature-text", "It is a byte string.", named + encode("s" * 64), b""),
        ("tagged", "Tags are not spoken: not 18 around a kcwt.", _tagged(18) + proof, b""),
        ("kid-map", "A lone kid has its short form.", encode({4: bytes(8)}) + proof, b""),
    )
    for name, rule, start, ead in rows:
        plaintext = start + ead + b"\x00" * (size - len(start + ead))

        def make(plaintext: bytes = plaintext) -> Asked:
            return failed(Presentation().over_plaintext(plaintext), 3)

        make.__doc__ = rule
        DOOR.case(f"step-3-{name}", "2.2", MALFORMED)(make)


def _tagged(tag: int) -> bytes:
    return b"\xa1\x0d" + bytes([0xC0 | tag]) + credential()


_plaintexts()


@DOOR.case("step-3-not-a-string", "2.2", MALFORMED)
def not_a_string() -> Asked:
    """message_3 is a byte string, not a text of the same content."""
    return failed(b"\x79" + bytes([1, 0x3B]) + b"a" * 315 + Presentation().sent()[-42:], 3)


@DOOR.case("step-3-critical-ead", "2.5", MALFORMED)
def critical_ead() -> Asked:
    """A critical item in EAD_3 that is not known: label -1."""
    return failed(Presentation(ead=(EadItem(-1),)), 3)


@DOOR.case("step-4-other-ead", "2.5", MALFORMED)
def other_ead() -> Asked:
    """An item in EAD_3 that is not padding, though not critical: label 1."""
    return failed(Presentation(ead=(EadItem(1, b"voucher"),)), 4)


def _named_otherwise() -> None:
    golden_bytes = credential()
    rows: tuple[tuple[str, str, bytes], ...] = (
        ("kid", "A credential by reference: there is none to find.", encode({4: b"credenti"})),
        ("kccs", "Another label: 14.", b"\xa1\x0e" + golden_bytes),
        ("two-labels", "A kcwt and something else.", b"\xa2\x0d" + golden_bytes + b"\x10\x00"),
        ("wrapped", "The kcwt in a byte string.", encode({13: golden_bytes})),
        ("claims-alone", "No Sign1 around the claims.", b"\xa1\x0d" + encode(reader_claims())),
        ("header-more", "A header that is not known.", b"\xa1\x0d" + _with_header()),
    )
    for name, rule, id_cred in rows:

        def make(id_cred: bytes = id_cred) -> Asked:
            return failed(Presentation(id_cred=id_cred), 4)

        make.__doc__ = rule
        DOOR.case(f"step-4-{name}", "6.4", MALFORMED)(make)


def _with_header() -> bytes:
    protected = encode({1: -7, 4: CREDENTIAL_KEY.public.kid, 15: b""})
    return encode([protected, {}, encode(credential_claims()), bytes(64)])


_named_otherwise()
