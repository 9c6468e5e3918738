"""Tables, widths and what a console can show: they fit, they align, nothing is lost."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from policies.verbs.legible import columns_of, legible
from policies.verbs.tables import table_lines, wrapped

TEXTS = st.text(
    st.sampled_from("abc åøŋđ–日本e\u0301\u200d\u202e\x1b\x07\t\n\u0000\udc80 "), max_size=30
)


def test_columns_are_aligned_and_an_empty_one_is_left_out() -> None:
    rows = [("torshov", "", "12"), ("haraldrud", "", "7")]
    assert table_lines(("place", "nothing", "people"), rows, 80, frozenset({"people"})) == [
        "place      people",
        "torshov        12",
        "haraldrud       7",
    ]


def test_a_table_without_anything_has_no_lines() -> None:
    assert table_lines(("a", "b"), [], 80) == []
    assert table_lines(("a", "b"), [("", "")], 80) == []


def test_a_cell_too_wide_is_broken_at_spaces_under_its_own_column() -> None:
    rows = [("torshov-self-service", "07:00–10:00, 18:00–22:00, and more")]
    assert table_lines(("rule", "hours"), rows, 40) == [
        "rule                  hours",
        "torshov-self-service  07:00–10:00,",
        "                      18:00–22:00, and",
        "                      more",
    ]


def test_where_no_table_fits_each_row_is_written_out() -> None:
    rows = [("torshov", "07:00–10:00", "", "yes"), ("skøyen", "", "", "no")]
    assert table_lines(("place", "opening", "x", "unlocked"), rows, 20) == [
        "place: torshov",
        "opening: 07:00–10:00",
        "unlocked: yes",
        "",
        "place: skøyen",
        "unlocked: no",
    ]


def test_wide_and_combining_letters_are_counted_in_columns() -> None:
    assert columns_of("čáhci") == 5
    assert columns_of(unicodedata.normalize("NFD", "čáhci")) == 5
    assert columns_of("日本") == 4
    assert table_lines(("a", "b"), [("日本", "x"), ("abcd", "y")], 80) == [
        "a     b",
        "日本  x",
        "abcd  y",
    ]


def test_no_control_character_of_a_file_reaches_a_terminal() -> None:
    assert legible("a\x1b[31mb\x9b\u202ec\r\n", "utf-8") == r"a\x1b[31mb\x9b\u202ec\r\n"


def test_a_console_that_lacks_a_letter_is_shown_its_number_and_plain_dashes() -> None:
    assert legible("Kjøreport · 07:00–10:00 …", "ascii") == r"Kj\xf8report | 07:00-10:00 ..."
    assert legible("Kjøreport–", "latin-1") == "Kjøreport-"
    assert legible("Kjøreport–", "utf-8") == "Kjøreport–"


@given(TEXTS, st.sampled_from(["utf-8", "ascii", "latin-1", "cp1252"]))
def test_every_text_can_be_printed_on_every_console(text: str, encoding: str) -> None:
    shown = legible(text, encoding)
    shown.encode(encoding)
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in shown)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4),
    st.integers(min_value=12, max_value=120),
)
def test_no_line_is_wider_than_it_may_be(rows: list[tuple[str, str, str]], width: int) -> None:
    shown = [tuple(legible(cell, "utf-8") for cell in row) for row in rows]
    for line in table_lines(("one", "two", "three"), shown, width):
        assert columns_of(line) <= width


@given(TEXTS, st.integers(min_value=4, max_value=40))
def test_breaking_a_text_loses_no_letter(text: str, width: int) -> None:
    shown = legible(text, "utf-8")
    lines = wrapped(shown, width)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
    assert all(columns_of(line) <= width for line in lines)
