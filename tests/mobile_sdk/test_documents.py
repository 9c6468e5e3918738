"""JSON from a server or a file: strict about form, silent about what is newer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.strict_json import MOST_INTEGER
from mobile_sdk.answers import read_installation, read_issuance, read_keyring
from mobile_sdk.documents import BadDocument, parse_document, write_document
from policies.vocabulary import parse_instant


def _around(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """`inner`, or an array or object of it: one level deeper at most."""
    return (
        inner
        | st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    )


LEAVES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers(-MOST_INTEGER, MOST_INTEGER) | st.text(max_size=8)
)
JSON = _around(_around(_around(LEAVES)))


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"a": 1} x',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"\xff\xfe{}",
        b"<html>",
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_what_is_not_one_plain_object_is_refused(received: bytes) -> None:
    with pytest.raises(BadDocument):
        parse_document(received)


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_what_the_phone_writes_it_reads_again(document: dict[str, object]) -> None:
    assert dict(parse_document(write_document(document)).values) == document


@given(st.dictionaries(st.sampled_from(["issuer", "name", "environment", "as_of"]), JSON))
def test_a_mistyped_answer_is_a_bad_document_and_nothing_else(document: dict[str, object]) -> None:
    members = parse_document(write_document(document))
    for read in (read_installation, read_keyring, read_issuance):
        with pytest.raises(BadDocument):
            read(members)


def test_members_a_newer_server_adds_are_left_alone() -> None:
    document = {"issuer": "i", "name": "n", "environment": "test", "newer": {"x": [1]}}
    assert read_installation(parse_document(json.dumps(document).encode())).name == "n"


def test_a_boolean_is_no_number_and_an_instant_has_one_form() -> None:
    members = parse_document(b'{"n": true, "at": "2026-10-14T19:00:00+02:00"}')
    with pytest.raises(BadDocument, match="whole number"):
        members.number("n")
    with pytest.raises(BadDocument, match="an instant"):
        members.instant("at")
    good = parse_document(b'{"at": "2026-10-14T17:00:00Z"}')
    assert good.instant("at") == parse_instant("2026-10-14T17:00:00Z")
