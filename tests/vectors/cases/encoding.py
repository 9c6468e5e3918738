"""What the encoding holds, and every other way of writing the same (SPEC.md 1)."""

from tests.vectors.case import MALFORMED, Inputs, Suite

ENCODINGS = Suite("encoding", "is `received` one item of the profile, in its one encoding?")


def _items(*rows: tuple[str, str, str, str]) -> None:
    for name, written, expected, rule in rows:

        def make(written: str = written) -> Inputs:
            return {"received": bytes.fromhex(written)}

        make.__doc__ = rule
        ENCODINGS.case(name, "1", expected)(make)


_items(
    ("uint-in-lead", "17", "accept", "23 is the largest integer in its own lead byte."),
    ("uint-one-byte", "1818", "accept", "24 takes one byte more."),
    ("uint-eight-bytes", "1bffffffffffffffff", "accept", "2^64 - 1 is the largest integer."),
    ("nint", "3a00010000", "accept", "-65537, the private claim."),
    ("map-duplicate", "a2012001f5", MALFORMED, "A key that stands twice is refused (A09)."),
    ("map-ascending", "a201200220", "accept", "Keys ascend by their bytes as written."),
    ("map-mixed-keys", "a3012020204100f5", "accept", "An int sorts before a byte string."),
    ("map-falling", "a202200120", MALFORMED, "Keys that fall are refused (A11)."),
    ("map-negative-first", "a220200120", MALFORMED, "-1 is written 20 and sorts after 01 (A11)."),
    ("map-array-key", "a18000", MALFORMED, "A key is an int, a text or a byte string."),
    ("map-bool-key", "a1f500", MALFORMED, "True is not the key 1 (A14)."),
    ("trailing", "0000", MALFORMED, "Nothing follows the item (A10)."),
    ("empty", "", MALFORMED, "No bytes are no item."),
    ("uint-long-1", "1817", MALFORMED, "23 in a byte of its own is not the shortest form (A11)."),
    ("uint-long-2", "1900ff", MALFORMED, "255 in two bytes is not the shortest form (A11)."),
    ("uint-long-4", "1a0000ffff", MALFORMED, "65,535 in four bytes is not the shortest (A11)."),
    ("uint-long-8", "1b00000000ffffffff", MALFORMED, "2^32 - 1 in eight bytes is not (A11)."),
    ("length-long", "5801aa", MALFORMED, "A length has one form too (A11)."),
    ("bytes-indefinite", "5f41aaff", MALFORMED, "Indefinite byte strings are refused (A11)."),
    ("text-indefinite", "7f6161ff", MALFORMED, "Indefinite texts are refused (A11)."),
    ("array-indefinite", "9f00ff", MALFORMED, "Indefinite arrays are refused (A11)."),
    ("map-indefinite", "bf0000ff", MALFORMED, "Indefinite maps are refused (A11)."),
    ("reserved-28", "1c", MALFORMED, "Additional information 28 is reserved."),
    ("break", "ff", MALFORMED, "A break outside is no item."),
    ("half", "f93c00", MALFORMED, "1.0 as a half float: no floats (A14)."),
    ("single", "fa47c35000", MALFORMED, "A single float: no floats (A14)."),
    ("double", "fb7e37e43c8800759c", MALFORMED, "A double float: no floats (A14)."),
    ("nan", "f97e00", MALFORMED, "Not a number is not a value (A14)."),
    ("infinity", "f97c00", MALFORMED, "Infinity is not an expiry (A14)."),
    ("undefined", "f7", MALFORMED, "Undefined is not null."),
    ("simple-16", "f0", MALFORMED, "No simple values but false, true and null."),
    ("simple-two-bytes", "f8f5", MALFORMED, "True has one form."),
    ("tag-bignum", "c249010000000000000000", MALFORMED, "Tag 2: integers end at 2^64 (A13)."),
    ("tag-decimal", "c4821b7fffffffffffffff01", MALFORMED, "Tag 4: no decimals (A13)."),
    ("tag-bigfloat", "c5821b7fffffffffffffff01", MALFORMED, "Tag 5: no big floats (A13)."),
    ("tag-sharedref", "d81c81d81d00", MALFORMED, "Tags 28 and 29: no cycles (A13)."),
    ("tag-rational", "d81e820102", MALFORMED, "Tag 30: no fractions (A13)."),
    ("tag-regex", "d823622e2a", MALFORMED, "Tag 35: nobody compiles a peer's regex (A13)."),
    ("tag-mime", "d8246161", MALFORMED, "Tag 36: no MIME messages (A13)."),
    ("tag-stringref", "d9010080", MALFORMED, "Tag 256: no references (A13)."),
    ("tag-sign1", "d28443a10126a0f640", MALFORMED, "Tag 18: a Sign1 travels untagged."),
    ("array-bomb", "9affffffff", MALFORMED, "2^32 - 1 items in no bytes (A12)."),
    (
        "text-bomb",
        "7b0000010000000000",
        MALFORMED,
        "A text of 2^40 bytes that are not there (A12).",
    ),
    ("map-bomb", "baffffffff00", MALFORMED, "2^32 - 1 pairs in one byte (A12)."),
    ("nesting-6", "818181818180", "accept", "Six arrays in one another."),
    ("nesting-7", "81818181818180", MALFORMED, "Seven are one too many (A12)."),
    ("text-not-utf8", "61ff", MALFORMED, "A text is UTF-8."),
    ("text-surrogate", "63eda080", MALFORMED, "A surrogate is not UTF-8."),
    ("truncated-bytes", "44aabbcc", MALFORMED, "A byte string ends before its length says."),
    ("truncated-number", "19ff", MALFORMED, "A number ends before its size says."),
    ("truncated-map", "a201", MALFORMED, "A map ends before its pairs do."),
)
