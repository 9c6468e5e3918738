"""The padding of message_3: how long, and of which items (SPEC.md 4.5)."""

from lockagent.protocol.edhoc.messages import write_ead
from lockagent.protocol.records import PRESENTATION_CLASSES, padding_of
from tests.vectors.case import Asked, Inputs, Suite

PADDINGS = Suite(
    "padding",
    "what is EAD_3, zeros for its random content, where `fill` bytes are to be filled? Where `fill`"
    " is null it is what a credential of `credential_bytes` leaves of the class whose size is"
    " `size`. TOO_LONG: it fits none.",
)
TOO_LONG = "TOO_LONG"

AROUND_CREDENTIAL_BYTES = 121
"""Of message_3 and OPEN, all but the credential: 3, 2, 66 and 8 bytes, and OPEN's 42."""


def _filled(fill: int) -> Asked:
    inputs: Inputs = {"fill": fill, "credential_bytes": None}
    return Asked(inputs, {"size": None, "ead_3": write_ead(padding_of(fill, bytes))})


def _left(credential_bytes: int) -> Asked:
    bare = credential_bytes + AROUND_CREDENTIAL_BYTES
    size = min(size for size in PRESENTATION_CLASSES if size >= bare)
    inputs: Inputs = {"fill": None, "credential_bytes": credential_bytes}
    return Asked(inputs, {"size": size, "ead_3": write_ead(padding_of(size - bare, bytes))})


def _cases() -> None:
    fills = (
        (0, "Nothing to fill: no item."),
        (1, "One byte: a label without a value."),
        (2, "A label with an empty value."),
        (25, "The longest item whose value has a head of one byte."),
        (26, "No one item has 26 bytes: a bare label, then 25."),
        (27, "The shortest item whose value has a head of two bytes."),
        (258, "The longest of those."),
        (259, "No one item has 259 bytes: a bare label, then 258."),
        (260, "The shortest item whose value has a head of three bytes."),
        (900, "More than is ever needed."),
    )
    for fill, rule in fills:

        def make(fill: int = fill) -> Asked:
            return _filled(fill)

        make.__doc__ = rule
        PADDINGS.case(f"fill-{fill}", "4.5")(make)

    lengths = (
        (220, "The golden credential leaves 19 of 360."),
        (213, "26 of 360 are left: two items."),
        (239, "The longest credential of 360, without padding."),
        (240, "One byte more makes 540."),
        (419, "The longest of 540."),
        (420, "One byte more makes 720."),
        (599, "The longest of 720."),
        (600, "One byte more makes 900."),
        (779, "The longest credential: 900 without padding."),
    )
    for length, rule in lengths:

        def make_left(length: int = length) -> Asked:
            return _left(length)

        make_left.__doc__ = rule
        PADDINGS.case(f"credential-{length}", "4.5")(make_left)


_cases()


@PADDINGS.case("credential-780", "4.5", TOO_LONG)
def too_long() -> Inputs:
    """A credential that fits no class."""
    return {"fill": None, "credential_bytes": 780}
