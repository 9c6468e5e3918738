"""Fragments: what they come to on one direction of a connection (SPEC.md 4.1)."""

from itertools import chain

from lockagent.protocol.framing import Channel, Message, split
from lockagent.protocol.gatt import fragment_bytes
from tests.vectors.case import MALFORMED, Asked, Input, Inputs, Suite

FRAMING = Suite(
    "framing",
    "which messages, each `[channel, content]`, do `fragments` give in this order, where the"
    " session awaits the channels `awaited`? Where they are refused, `refused` counts from 0 to the"
    " fragment that is. Where `att_mtu` is not null, a sender that fills every fragment at this ATT"
    " MTU sends exactly these.",
)

FIRST, LAST = 0x80, 0x40
EDHOC, ERROR, RECORD, UNUSED = 0x00, 0x10, 0x20, 0x30
MESSAGE_1 = bytes.fromhex("01025820") + bytes(range(32)) + b"\x00"


def _inputs(fragments: list[bytes], awaited: tuple[int, ...], att_mtu: int | None) -> Inputs:
    return {
        "awaited": list(awaited),
        "att_mtu": att_mtu,
        "fragments": list[Input](fragments),
    }


def _gives(*messages: Message, fragments: list[bytes], awaited: tuple[int, ...] = (0, 1)) -> Asked:
    said: list[Input] = [[int(message.channel), message.content] for message in messages]
    return Asked(_inputs(fragments, awaited, None), {"messages": said})


def _refused(at: int, *fragments: bytes, awaited: tuple[int, ...] = (0, 1)) -> Asked:
    return Asked(_inputs(list(fragments), awaited, None), {"refused": at})


def _content(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


def _at_mtu(size: int, att_mtu: int, channel: Channel = Channel.EDHOC) -> Asked:
    message = Message(channel, _content(size))
    fragments = split(message, fragment_bytes(att_mtu))
    said: list[Input] = [[int(channel), message.content]]
    return Asked(_inputs(fragments, (0, 1, 2), att_mtu), {"messages": said})


@FRAMING.case("one-fragment", "4.1")
def one_fragment() -> Asked:
    """A message that fits one fragment is FIRST and LAST, counter 0."""
    fragments = [bytes([FIRST | LAST]) + MESSAGE_1]
    return _gives(Message(Channel.EDHOC, MESSAGE_1), fragments=fragments)


@FRAMING.case("one-byte", "4.1")
def one_byte() -> Asked:
    """The shortest message has one byte."""
    return _gives(Message(Channel.EDHOC, b"\xf6"), fragments=[bytes([FIRST | LAST]) + b"\xf6"])


@FRAMING.case("error-channel", "4.1")
def error_channel() -> Asked:
    """An EDHOC error on channel 1."""
    fragments = [bytes([FIRST | LAST | ERROR]) + b"\x01\x60"]
    return _gives(Message(Channel.EDHOC_ERROR, b"\x01\x60"), fragments=fragments)


@FRAMING.case("record-channel", "4.1")
def record_channel() -> Asked:
    """A record on channel 2, where one is awaited."""
    fragments = [bytes([FIRST | RECORD]) + b"\x58", bytes([LAST | RECORD | 1]) + b"\x00"]
    message = Message(Channel.RECORD, b"\x58\x00")
    return _gives(message, fragments=fragments, awaited=(1, 2))


@FRAMING.case("nothing-yet", "4.1")
def nothing_yet() -> Asked:
    """Before LAST there is no message, and no refusal."""
    return _gives(fragments=[bytes([FIRST]) + b"ab", bytes([1]) + b"cd"])


@FRAMING.case("two-messages", "4.1")
def two_messages() -> Asked:
    """After LAST the next fragment is a FIRST, counter 0."""
    fragments = [
        bytes([FIRST]) + b"ab",
        bytes([LAST | 1]) + b"cd",
        bytes([FIRST | LAST | ERROR]) + b"ef",
    ]
    messages = Message(Channel.EDHOC, b"abcd"), Message(Channel.EDHOC_ERROR, b"ef")
    return _gives(*messages, fragments=fragments)


@FRAMING.case("mtu-changes", "4.1")
def mtu_changes() -> Asked:
    """The ATT MTU may change within a message: a receiver takes any lengths."""
    sizes = ((0, 19), (19, 262), (262, 263), (263, 360))
    content = _content(360)
    fragments = [
        bytes([number | (FIRST if number == 0 else 0) | (LAST if number == 3 else 0)])
        + content[start:end]
        for number, (start, end) in enumerate(sizes)
    ]
    return _gives(Message(Channel.EDHOC, content), fragments=fragments)


def _mtus() -> None:
    rows = (
        ("message-1-mtu-23", "message_1 at the smallest MTU: two fragments.", 37, 23),
        ("presentation-mtu-23", "360 bytes at MTU 23: nineteen, the counter wraps.", 360, 23),
        ("presentation-mtu-185", "360 bytes at MTU 185: two.", 360, 185),
        ("presentation-mtu-247", "360 bytes at MTU 247: two.", 360, 247),
        ("presentation-mtu-517", "At MTU 517 a value still has at most 512 bytes.", 900, 517),
        ("full-mtu-517", "511 bytes of content fill one fragment.", 511, 517),
        ("over-full-mtu-517", "The 512th byte takes another.", 512, 517),
        ("exact-mtu-23", "A message that fills its last fragment has no empty one.", 38, 23),
        ("longest-mtu-23", "1,024 bytes at MTU 23.", 1_024, 23),
        ("longest-mtu-517", "1,024 bytes at MTU 517.", 1_024, 517),
    )
    for name, rule, size, att_mtu in rows:

        def make(size: int = size, att_mtu: int = att_mtu) -> Asked:
            return _at_mtu(size, att_mtu)

        make.__doc__ = rule
        FRAMING.case(name, "4.1")(make)


_mtus()


@FRAMING.case("result-mtu-185", "4.1")
def result_mtu_185() -> Asked:
    """A sealed RESULT is one fragment at MTU 185."""
    return _at_mtu(58, 185, Channel.RECORD)


@FRAMING.case("first-inside", "4.1", MALFORMED)
def first_inside() -> Asked:
    """FIRST inside a message."""
    return _refused(1, bytes([FIRST]) + b"ab", bytes([FIRST | LAST]) + b"cd")


@FRAMING.case("first-missing", "4.1", MALFORMED)
def first_missing() -> Asked:
    """A message begins with FIRST."""
    return _refused(0, bytes([LAST]) + b"ab")


@FRAMING.case("first-missing-again", "4.1", MALFORMED)
def first_missing_again() -> Asked:
    """So does the second message."""
    return _refused(1, bytes([FIRST | LAST]) + b"ab", bytes([LAST | 1]) + b"cd")


@FRAMING.case("gap", "4.1", MALFORMED)
def gap() -> Asked:
    """A fragment is missing between counters 0 and 2."""
    return _refused(1, bytes([FIRST]) + b"ab", bytes([LAST | 2]) + b"cd")


@FRAMING.case("repeated", "4.1", MALFORMED)
def repeated() -> Asked:
    """A counter comes once."""
    return _refused(2, bytes([FIRST]) + b"ab", b"\x01cd", b"\x01cd")


@FRAMING.case("counter-not-zero", "4.1", MALFORMED)
def counter_not_zero() -> Asked:
    """The counter is 0 at FIRST."""
    return _refused(0, bytes([FIRST | LAST | 1]) + b"ab")


@FRAMING.case("counter-does-not-wrap", "4.1", MALFORMED)
def counter_does_not_wrap() -> Asked:
    """After 15 comes 0, not 1."""
    started = [bytes([FIRST]) + b"a", *(bytes([number]) + b"a" for number in range(1, 16))]
    return _refused(16, *started, bytes([LAST | 1]) + b"a")


@FRAMING.case("no-bytes", "4.1", MALFORMED)
def no_bytes() -> Asked:
    """An empty value has no header."""
    return _refused(0, b"")


@FRAMING.case("header-alone", "4.1", MALFORMED)
def header_alone() -> Asked:
    """A fragment has at least one byte of content."""
    return _refused(0, bytes([FIRST | LAST]))


@FRAMING.case("header-alone-inside", "4.1", MALFORMED)
def header_alone_inside() -> Asked:
    """So has the last one."""
    return _refused(1, bytes([FIRST]) + b"ab", bytes([LAST | 1]))


@FRAMING.case("channel-3", "4.1", MALFORMED)
def channel_3() -> Asked:
    """Channel 3 is not assigned."""
    return _refused(0, bytes([FIRST | LAST | UNUSED]) + b"ab", awaited=(0, 1, 2))


@FRAMING.case("channel-not-awaited", "4.1", MALFORMED)
def channel_not_awaited() -> Asked:
    """A record where message_1 is awaited."""
    return _refused(0, bytes([FIRST | LAST | RECORD]) + b"ab", awaited=(0,))


@FRAMING.case("nothing-awaited", "4.1", MALFORMED)
def nothing_awaited() -> Asked:
    """A message while another is being answered: one is in flight a direction."""
    return _refused(0, bytes([FIRST | LAST]) + b"ab", awaited=())


@FRAMING.case("channel-changes", "4.1", MALFORMED)
def channel_changes() -> Asked:
    """All fragments of a message carry one channel."""
    return _refused(1, bytes([FIRST]) + b"ab", bytes([LAST | ERROR | 1]) + b"cd")


@FRAMING.case("too-long", "4.1", MALFORMED)
def too_long() -> Asked:
    """The 1,025th byte is refused when it comes, not at LAST."""
    parts = (_content(511), _content(511), _content(3))
    headers = (FIRST, 1, 2)
    return _refused(2, *(bytes([head]) + part for head, part in zip(headers, parts, strict=True)))


@FRAMING.case("too-long-small", "4.1", MALFORMED)
def too_long_small() -> Asked:
    """The same at MTU 23: 54 fragments of 19 bytes hold more."""
    heads = chain([FIRST], (number % 16 for number in range(1, 54)))
    return _refused(53, *(bytes([head]) + _content(19) for head in heads))
