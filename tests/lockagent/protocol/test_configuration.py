"""The strict TOML reader: every fault names file, line and key, and no value that may be secret."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockagent.protocol.configuration import ConfigurationError, Table, parse_table, read_table

FILE = Path("/etc/door.toml")
TEXT = """\
# a comment
name = "main"
count = 5   # of things

[tls]
key = "keys/tls.pem"

[[reader]]
access_point = "a"

[[reader]]
access_point = "b"
on = true

[signers.oslo]
token = "file:k"
"""


def _refusal(text: str, use: Callable[[Table], object]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        use(parse_table(text, FILE))
    return str(refused.value)


def test_values_are_read_by_type() -> None:
    table = parse_table(TEXT, FILE)
    assert table.text("name") == "main"
    assert table.number("count", 1, 9) == 5
    assert table.table("tls").path("key") == Path("/etc/keys/tls.pem")
    readers = table.tables("reader")
    assert [reader.text("access_point") for reader in readers] == ["a", "b"]
    assert [reader.flag("on", False) for reader in readers] == [False, True]
    assert table.table("signers").table("oslo").text("token") == "file:k"
    table.close()
    for reader in readers:
        reader.close()


def test_a_missing_key_names_its_table_and_key() -> None:
    said = _refusal(TEXT, lambda table: table.table("tls").text("certificate"))
    assert said == "/etc/door.toml:5: tls.certificate: expected this key, got none"


def test_an_unknown_key_names_its_line_and_the_nearest_known_one() -> None:
    def use(table: Table) -> None:
        table.text("name")
        table.table("tls")
        table.tables("reader")
        table.table("signers")
        table.number("counter", 0, 9, 0)
        table.close()

    said = _refusal(TEXT, use)
    assert said == (
        "/etc/door.toml:3: count: expected a known key, got an unknown one; did you mean counter?"
    )


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda t: t.text("count"), "3: count: expected a text, got a whole number"),
        (lambda t: t.number("name", 0, 9), "2: name: expected a whole number, got a text"),
        (lambda t: t.number("count", 6, 9), "3: count: expected a whole number from 6 to 9, got 5"),
        (lambda t: t.flag("name"), "2: name: expected true or false, got a text"),
        (lambda t: t.table("name"), "2: name: expected a table [name], got a text"),
        (lambda t: t.tables("tls"), "5: tls: expected one or more [[tls]], got a table"),
        (
            lambda t: t.tables("reader")[1].text("on"),
            "13: reader.1.on: expected a text, got true or false",
        ),
    ],
)
def test_a_value_of_another_type_names_line_and_key(
    use: Callable[[Table], object], said: str
) -> None:
    assert _refusal(TEXT, use) == f"/etc/door.toml:{said}"


def test_a_true_is_no_number_and_an_empty_text_no_text() -> None:
    assert "got true or false" in _refusal("n = true", lambda table: table.number("n", 0, 9))
    assert "got an empty one" in _refusal('n = ""', lambda table: table.text("n"))


def test_a_file_that_is_no_toml_names_its_line() -> None:
    with pytest.raises(ConfigurationError, match=r"^/etc/door.toml:2: expected TOML, got: "):
        parse_table('a = 1\nb = "unclosed\n', FILE)


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        read_table(tmp_path / "door.toml")
    (tmp_path / "door.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="expected UTF-8"):
        read_table(tmp_path / "door.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_table_or_a_configuration_error(text: str) -> None:
    try:
        parse_table(text, FILE).close()
    except ConfigurationError as error:
        said = str(error)
    else:
        said = "/etc/door.toml:"
    assert said.startswith("/etc/door.toml:")
