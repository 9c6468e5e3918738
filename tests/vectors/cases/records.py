"""Records: OPEN, RESULT, and the seal around them (SPEC.md 4.2 to 4.4)."""

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from lockagent.protocol.encoding import Value, encode
from lockagent.protocol.errors import CoarseReason
from lockagent.protocol.records import OpenRequest, RecordType, Result
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.vectors.case import MALFORMED, Asked, Inputs, Suite
from tests.vectors.fixed import START
from tests.vectors.sessions import ATTEMPT, NONCE, OPEN

OPENS = Suite(
    "open",
    "does `received` parse as OPEN, and say what `outputs` says? Those fields, encoded, are"
    " `received` again.",
)
RESULTS = Suite(
    "result",
    "does `received` parse as RESULT, and say what `outputs` says (`next_opening` 0: none)? Those"
    " fields, encoded, are `received` again.",
)
RECORDS = Suite(
    "record",
    "does `received` open as record `number` of `type`, in the direction whose exported key and IV"
    " these are, and is `plaintext` in it? That plaintext, sealed, is `received` again.",
)

KEY = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")
IV = bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadb03")
GRANTED = Result(True, 5, CoarseReason.NONE, None, (1, 5), False, NONCE)


def _open(request: OpenRequest) -> Asked:
    outputs: Inputs = {
        "point": request.point,
        "action": int(request.action),
        "attempt": request.attempt,
        "longer_strike": request.longer_strike,
    }
    return Asked({"received": request.encode()}, outputs)


@OPENS.case("plain", "4.3")
def open_plain() -> Asked:
    """Open the door: a point of 24 to 255 leaves 16 zeros of padding."""
    return _open(OPEN)


@OPENS.case("longer-strike", "4.3")
def open_longer_strike() -> Asked:
    """Bit 0 of the options asks for the longer strike."""
    return _open(OpenRequest(AccessPointNumber(23), Action.OPEN, ATTEMPT, longer_strike=True))


@OPENS.case("largest-point", "4.3")
def open_largest_point() -> Asked:
    """The largest point, the last action: less padding, the same 32 bytes."""
    return _open(OpenRequest(AccessPointNumber(2**32 - 1), Action.LIGHT, ATTEMPT))


def _padded(size: int, fields: list[Value]) -> bytes:
    return encode([*fields, bytes(size - len(encode([*fields, b""])))])


def _opens() -> None:
    rows: tuple[tuple[str, str, list[Value]], ...] = (
        ("version-0", "Versions begin at 1.", [0, 100, 0, ATTEMPT, 0]),
        ("version-2", "Another version is refused (B08).", [2, 100, 0, ATTEMPT, 0]),
        ("point-0", "Points begin at 1.", [1, 0, 0, ATTEMPT, 0]),
        ("point-2-32", "Points have 32 bits.", [1, 2**32, 0, ATTEMPT, 0]),
        ("action-4", "There are four actions.", [1, 100, 4, ATTEMPT, 0]),
        ("action-text", "An action is a number.", [1, 100, "open", ATTEMPT, 0]),
        ("attempt-7", "An attempt has 8 bytes.", [1, 100, 0, ATTEMPT[:7], 0]),
        ("attempt-9", "An attempt has 8 bytes.", [1, 100, 0, ATTEMPT + b"\x00", 0]),
        ("options-2", "Other bits of the options are refused.", [1, 100, 0, ATTEMPT, 2]),
        ("options-true", "Options are a number (A14).", [1, 100, 0, ATTEMPT, True]),
        ("field-missing", "All fields are there.", [1, 100, 0, ATTEMPT]),
        ("field-more", "And no others.", [1, 100, 0, ATTEMPT, 0, 0]),
    )
    for name, rule, fields in rows:

        def make(fields: list[Value] = fields) -> Inputs:
            return {"received": _padded(32, fields)}

        make.__doc__ = rule
        OPENS.case(name, "4.3", MALFORMED)(make)

    odd: tuple[tuple[str, str, bytes], ...] = (
        ("31-bytes", "OPEN has 32 bytes.", _padded(31, [1, 100, 0, ATTEMPT, 0])),
        ("33-bytes", "OPEN has 32 bytes.", _padded(33, [1, 100, 0, ATTEMPT, 0])),
        ("padding-not-zero", "The padding is zeros.", OPEN.encode()[:-1] + b"\x01"),
        ("trailing", "The padding is inside.", _padded(31, [1, 100, 0, ATTEMPT, 0]) + b"\x00"),
        ("empty", "No bytes are no OPEN.", b""),
        ("padding-text", "The padding is a byte string.", _text_padded()),
    )
    for name, rule, received in odd:

        def make_odd(received: bytes = received) -> Inputs:
            return {"received": received}

        make_odd.__doc__ = rule
        OPENS.case(name, "4.3", MALFORMED)(make_odd)


def _text_padded() -> bytes:
    fields: list[Value] = [1, 100, 0, ATTEMPT, 0]
    return encode([*fields, "\x00" * (32 - len(encode([*fields, b""])))])


_opens()


def _result(result: Result) -> Asked:
    outputs: Inputs = {
        "granted": result.granted,
        "strike_seconds": result.strike_seconds,
        "reason": int(result.reason),
        "next_opening": result.next_opening or 0,
        "bundle": [*result.bundle],
        "has_chunk": result.has_chunk,
        "nonce": result.nonce,
    }
    return Asked({"received": result.encode()}, outputs)


@RESULTS.case("granted", "4.4")
def result_granted() -> Asked:
    """The strike is released for five seconds."""
    return _result(GRANTED)


@RESULTS.case("not-now", "4.4")
def result_not_now() -> Asked:
    """A denial that says when it opens."""
    opens = Instant(START + 3_600)
    return _result(Result(False, 0, CoarseReason.NOT_NOW, opens, (1, 5), False, NONCE))


@RESULTS.case("no-bundle", "4.4")
def result_no_bundle() -> Asked:
    """A door without a bundle names counter 0, and asks for the time."""
    return _result(Result(False, 0, CoarseReason.TIME_NEEDED, None, (1, 0), False, NONCE))


@RESULTS.case("every-limit", "4.4")
def result_every_limit() -> Asked:
    """The longest strike, the last instant of 32 bits, the largest version, a chunk."""
    last = 2**32 - 1
    return _result(
        Result(True, 2**16 - 1, CoarseReason.NONE, Instant(last), (last, last), True, NONCE)
    )


def _results() -> None:
    rows: tuple[tuple[str, str, list[Value]], ...] = (
        ("granted-2", "Granted is 0 or 1.", [2, 0, 0, 0, 1, 5, 0, NONCE]),
        ("granted-true", "Granted is a number (A14).", [True, 5, 0, 0, 1, 5, 0, NONCE]),
        ("granted-with-reason", "A grant has reason 0.", [1, 5, 7, 0, 1, 5, 0, NONCE]),
        ("denied-without-reason", "A denial has a reason.", [0, 0, 0, 0, 1, 5, 0, NONCE]),
        ("denied-with-strike", "A denial has no strike time.", [0, 5, 3, 0, 1, 5, 0, NONCE]),
        ("reason-8", "There are seven reasons.", [0, 0, 8, 0, 1, 5, 0, NONCE]),
        ("strike-2-16", "A strike time has 16 bits.", [1, 2**16, 0, 0, 1, 5, 0, NONCE]),
        ("opening-2-32", "An opening has 32 bits.", [0, 0, 2, 2**32, 1, 5, 0, NONCE]),
        ("counter-2-32", "A version has 32 bits.", [1, 5, 0, 0, 1, 2**32, 0, NONCE]),
        ("chunk-2", "Chunk is 0 or 1.", [1, 5, 0, 0, 1, 5, 2, NONCE]),
        ("nonce-15", "A nonce has 16 bytes.", [1, 5, 0, 0, 1, 5, 0, NONCE[:15]]),
        ("field-missing", "All fields are there.", [1, 5, 0, 0, 1, 5, NONCE]),
        ("field-more", "And no others.", [1, 5, 0, 0, 1, 5, 0, NONCE, 0]),
    )
    for name, rule, fields in rows:

        def make(fields: list[Value] = fields) -> Inputs:
            return {"received": _padded(48, fields)}

        make.__doc__ = rule
        RESULTS.case(name, "4.4", MALFORMED)(make)

    odd: tuple[tuple[str, str, bytes], ...] = (
        ("47-bytes", "RESULT has 48 bytes.", _padded(47, [1, 5, 0, 0, 1, 5, 0, NONCE])),
        ("49-bytes", "RESULT has 48 bytes.", _padded(49, [1, 5, 0, 0, 1, 5, 0, NONCE])),
        ("padding-not-zero", "The padding is zeros.", GRANTED.encode()[:-1] + b"\x01"),
    )
    for name, rule, received in odd:

        def make_odd(received: bytes = received) -> Inputs:
            return {"received": received}

        make_odd.__doc__ = rule
        RESULTS.case(name, "4.4", MALFORMED)(make_odd)


_results()


def _sealed(kind: int, number: int, plaintext: bytes, iv: bytes = IV, key: bytes = KEY) -> bytes:
    nonce = iv[:-1] + bytes([iv[-1] ^ number])
    return encode(AESCCM(key, tag_length=8).encrypt(nonce, plaintext, bytes([kind, number])))


def _record(received: bytes, kind: int = 0, number: int = 0) -> Inputs:
    return {"key": KEY, "iv": IV, "type": kind, "number": number, "received": received}


def _sealed_plaintexts() -> None:
    rows: tuple[tuple[str, str, RecordType, int, bytes], ...] = (
        ("open", "OPEN is record 0 of the phone: 42 bytes.", RecordType.OPEN, 0, OPEN.encode()),
        ("result", "RESULT is record 0 of the door: 58.", RecordType.RESULT, 0, GRANTED.encode()),
        ("time-token", "A time token may follow OPEN.", RecordType.TIME_TOKEN, 1, bytes(128)),
        ("number-2", "Record 2.", RecordType.BUNDLE, 2, b"a bundle"),
        ("number-3", "Record 3: xor, where 3 + 3 is no carry.", RecordType.CHUNK, 3, bytes(512)),
        ("no-content", "A record may hold nothing: 8 bytes of tag.", RecordType.ACK, 1, b""),
    )
    for name, rule, kind, number, plaintext in rows:

        def make(kind: int = kind, number: int = number, plaintext: bytes = plaintext) -> Asked:
            received = _sealed(kind, number, plaintext)
            return Asked(_record(received, kind, number), {"plaintext": plaintext})

        make.__doc__ = rule
        RECORDS.case(name, "4.2")(make)


_sealed_plaintexts()


def _refused_records() -> None:
    plain = OPEN.encode()
    sealed = _sealed(0, 0, plain)
    rows: tuple[tuple[str, str, Inputs], ...] = (
        ("other-type", "The type is authenticated.", _record(sealed, RecordType.RESULT)),
        ("other-number", "So is the number, and it moves the IV.", _record(sealed, number=1)),
        (
            "number-in-iv-only",
            "A number that is not in the additional data.",
            _record(_sealed(0, 0, plain, IV[:-1] + bytes([IV[-1] ^ 1])), number=1),
        ),
        (
            "number-in-aad-only",
            "A number that is not in the IV.",
            _record(_sealed(0, 1, plain, IV[:-1] + bytes([IV[-1] ^ 1])), number=1),
        ),
        (
            "added-not-xored",
            "3 + 3 is 6; 3 xor 3 is 0.",
            _record(_sealed(3, 3, plain, IV[:-1] + bytes([6 ^ 3])), RecordType.CHUNK, 3),
        ),
        ("number-4", "A direction has four records.", _record(_sealed(0, 4, plain), number=4)),
        (
            "other-key",
            "Sealed under the key of the other direction.",
            _record(_sealed(0, 0, plain, key=KEY[::-1])),
        ),
        ("changed", "One bit of the ciphertext.", _record(sealed[:9] + _flip(sealed[9:]))),
        ("tag-changed", "One bit of the tag.", _record(sealed[:-1] + _flip(sealed[-1:]))),
        ("tag-cut", "Seven bytes are no tag.", _record(encode(sealed[-7:]))),
        ("tag-of-16", "The tag has 8 bytes.", _record(encode(_long_tag(plain)))),
        ("empty", "An empty byte string.", _record(b"\x40")),
        ("nothing", "No bytes.", _record(b"")),
        ("text", "A record is a byte string.", _record(b"\x78" + sealed[1:2] + b"a" * 40)),
        ("in-an-array", "A record stands alone.", _record(b"\x81" + sealed)),
        ("trailing", "Nothing follows it.", _record(sealed + b"\x00")),
        ("long-head", "Its length has the shortest form.", _record(b"\x59\x00" + sealed[1:])),
    )
    for name, rule, inputs in rows:

        def make(inputs: Inputs = inputs) -> Inputs:
            return inputs

        make.__doc__ = rule
        RECORDS.case(name, "4.2", MALFORMED)(make)


def _flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _long_tag(plaintext: bytes) -> bytes:
    return AESCCM(KEY, tag_length=16).encrypt(IV, plaintext, bytes([0, 0]))


_refused_records()
