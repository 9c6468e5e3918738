"""What the key server answers a controller's update request: only what is newer. SPEC.md 8.7.

CBOR `{1: bundle or null, 2: settings or null, 3: time token or null, 4: [roots], 5: [reader
certificates]}`, each object its signed bytes in a byte string. Rules kept here: all five keys,
bounded lists, bounded size. Nothing in it is believed for having come this way: each object is
verified as if a stranger had brought it, in the order roots, bundle, time token, settings,
certificates.
"""

from dataclasses import dataclass

from lockagent.protocol.claims import check_most
from lockagent.protocol.encoding import (
    Key,
    Value,
    decode,
    encode,
    take_array,
    take_bytes,
    take_map,
)
from lockagent.protocol.errors import MalformedMessage

UPDATE_ANSWER_BYTES = 1 << 18
MAX_OBJECTS = 64
_BUNDLE, _SETTINGS, _TIME_TOKEN, _ROOTS, _CERTIFICATES = 1, 2, 3, 4, 5
_LABELS: frozenset[Key] = frozenset({_BUNDLE, _SETTINGS, _TIME_TOKEN, _ROOTS, _CERTIFICATES})


@dataclass(frozen=True, slots=True)
class UpdateAnswer:
    """Signed objects as bytes, None or empty where nothing is newer."""

    bundle: bytes | None = None
    settings: bytes | None = None
    time_token: bytes | None = None
    roots: tuple[bytes, ...] = ()
    reader_certificates: tuple[bytes, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is newer: the route answers 304."""
        return self == UpdateAnswer()


def encode_update_answer(answer: UpdateAnswer) -> bytes:
    """The body of the answer."""
    return encode(
        {
            _BUNDLE: answer.bundle,
            _SETTINGS: answer.settings,
            _TIME_TOKEN: answer.time_token,
            _ROOTS: list[Value](answer.roots),
            _CERTIFICATES: list[Value](answer.reader_certificates),
        }
    )


def decode_update_answer(received: bytes) -> UpdateAnswer:
    """The objects in exactly one answer, none of them parsed yet; else MalformedMessage."""
    check_most("an update answer", received, UPDATE_ANSWER_BYTES)
    pairs = take_map(decode(received), "an update answer", _LABELS)
    return UpdateAnswer(
        bundle=_optional(pairs[_BUNDLE], "the bundle"),
        settings=_optional(pairs[_SETTINGS], "the settings"),
        time_token=_optional(pairs[_TIME_TOKEN], "the time token"),
        roots=_objects(pairs[_ROOTS], "roots"),
        reader_certificates=_objects(pairs[_CERTIFICATES], "reader certificates"),
    )


def _optional(value: Value, name: str) -> bytes | None:
    return None if value is None else take_bytes(value, name)


def _objects(value: Value, name: str) -> tuple[bytes, ...]:
    items = take_array(value, name)
    if len(items) > MAX_OBJECTS:
        raise MalformedMessage(f"expected at most {MAX_OBJECTS} {name}, got {len(items)}")
    return tuple(take_bytes(item, name) for item in items)
