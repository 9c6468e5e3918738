"""Editing a person's own file: what is asked for changes, and nothing else, to the byte."""

import difflib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from policies.documents.document import parse_document
from policies.documents.editing import (
    AddRule,
    Edit,
    EditRefused,
    RemoveRule,
    RemoveValue,
    ReplaceRule,
    SetValue,
    edited,
    edited_document,
    set_date,
    set_week,
)
from policies.documents.printing import print_document, written_rule
from policies.errors import PolicyError
from policies.vocabulary import RuleId
from tests.policies import drawn, written
from tests.policies.written import HOLIDAYS, PLACES

TEXT = """\
# The town hall. Ask Berit before you change anything here.
for: building:town           # ours
time_zone: "Europe/Oslo"     # quoted, as she likes it

calendars:
  hall:                      # the big one
    holidays: {open: closed, early: as-weekday}
    # Mondays are long
    open: {mon: "08:00-20:00", tue-fri: '10:00-18:00'}   # as decided in 2025
    early:
      mon-fri: ["06:00-08:00",   # cleaners
                "20:00-22:00"]
      sat: closed
    dates:
      05-17:   closed   # Constitution Day

# ---- rules: staff first
policies:
- {id: staff, doors: "building:town", allow: {role: staff}, during: always}   # always

# members
- id: members
  doors:               # two of them
  - zone:town/hall     # the hall
  - door:town/side
  allow:
    all: [member: club, {age: 15+},   # grown
          {terms: house-3}]
  during: hall.open
  # tail of members

- id: closed
  doors: building:town
  deny: anyone
  except: {role: caretaker}     # Per
  from: 2027-01-01              # New Year
  reason: maintenance
"""


def lines_changed(before: str, after: str) -> list[str]:
    """The lines that came and went, as `diff` shows them."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def valid(edit: Edit, text: str = TEXT) -> str:
    """The edited text, which is a document of the test town."""
    return edited_document(text, edit, "town.yaml", PLACES, HOLIDAYS)[0]


EDITS: list[tuple[Edit, list[str]]] = [
    (
        SetValue(("policies", 1, "during"), "hall.early"),
        ["-  during: hall.open", "+  during: hall.early"],
    ),
    (
        SetValue(("policies", 0, "with"), {"life": "8h"}),
        [
            '-- {id: staff, doors: "building:town", allow: {role: staff}, during: always}'
            "   # always",
            '+- {id: staff, doors: "building:town", allow: {role: staff}, during: always,'
            " with: {life: 8h}}   # always",
        ],
    ),
    (SetValue(("policies", 2, "until"), "2027-01-31"), ["+  until: 2027-01-31"]),
    (SetValue(("policies", 1, "until"), "2027-01-31"), ["+  until: 2027-01-31"]),
    (
        SetValue(("policies", 1, "doors", 1), "door:town/vault"),
        ["-  - door:town/side", '+  - "door:town/vault"'],
    ),
    (
        SetValue(("policies", 1, "allow", "all", 1, "age"), "18+"),
        [
            "-    all: [member: club, {age: 15+},   # grown",
            "+    all: [member: club, {age: 18+},   # grown",
        ],
    ),
    (
        SetValue(("policies", 1, "allow", "all", 2, "guardian"), 18),
        ["-          {terms: house-3}]", "+          {terms: house-3, guardian: 18}]"],
    ),
    (
        RemoveValue(("policies", 1, "allow", "all", 0)),
        [
            "-    all: [member: club, {age: 15+},   # grown",
            "+    all: [{age: 15+},   # grown",
        ],
    ),
    (
        RemoveValue(("policies", 1, "allow", "all", 2)),
        [
            "-    all: [member: club, {age: 15+},   # grown",
            "-          {terms: house-3}]",
            "+    all: [member: club, {age: 15+}   # grown",
            "+          ]",
        ],
    ),
    (RemoveValue(("policies", 1, "doors", 0)), ["-  - zone:town/hall     # the hall"]),
    (RemoveValue(("policies", 2, "from")), ["-  from: 2027-01-01              # New Year"]),
    (
        set_week(
            "hall", "early", {"mon-fri": ["06:00-08:00", "20:00-22:00"], "sun": "10:00-12:00"}
        ),
        ["-      sat: closed", '+      sun: "10:00-12:00"'],
    ),
    (
        set_week("hall", "open", {"mon": "08:00-20:00", "tue-fri": "10:00-17:00"}),
        [
            "-    open: {mon: \"08:00-20:00\", tue-fri: '10:00-18:00'}   # as decided in 2025",
            '+    open: {mon: "08:00-20:00", tue-fri: "10:00-17:00"}   # as decided in 2025',
        ],
    ),
    (
        set_week("hall", "early", "closed"),
        [
            "-    early:", '-      mon-fri: ["06:00-08:00",   # cleaners',
            '-                "20:00-22:00"]', "-      sat: closed", "+    early: closed",
        ],
    ),
    (
        set_date("hall", "easter-4", {"open": "10:00-14:00", "early": "closed"}),
        ['+      easter-4: {open: "10:00-14:00", early: closed}'],
    ),
    (
        set_date("hall", "05-17", {"open": ["10:00-12:00", "13:00-14:00"], "early": "closed"}),
        [
            "-      05-17:   closed   # Constitution Day",
            '+      05-17: {open: ["10:00-12:00", "13:00-14:00"], early: closed}'
            "   # Constitution Day",
        ],
    ),
    (
        AddRule({"id": "guests", "doors": "zone:town/hall", "allow": {"list": "guests"},
                 "during": "hall.open"}),
        ['+- {id: guests, doors: "zone:town/hall", allow: {list: guests}, during: hall.open}'],
    ),
    (
        AddRule({"id": "guests", "doors": ["zone:town/hall", "door:town/side"],
                 "allow": {"all": [{"list": "guests"}, {"age": "15+"}]}, "during": "hall.open"},
                after=RuleId("staff")),
        [
            "+- id: guests", '+  doors: ["zone:town/hall", "door:town/side"]',
            "+  allow: {all: [{list: guests}, {age: 15+}]}", "+  during: hall.open",
        ],
    ),
    (
        RemoveRule(RuleId("staff")),
        [
            '-- {id: staff, doors: "building:town", allow: {role: staff}, during: always}'
            "   # always"
        ],
    ),
    (
        RemoveRule(RuleId("closed")),
        [
            "-- id: closed", "-  doors: building:town", "-  deny: anyone",
            "-  except: {role: caretaker}     # Per",
            "-  from: 2027-01-01              # New Year", "-  reason: maintenance",
        ],
    ),
    (
        ReplaceRule(
            RuleId("closed"),
            {"id": "closed", "doors": "building:town", "deny": "anyone", "from": "2027-01-02",
             "except": {"role": "caretaker"}, "reason": "flood"},
        ),
        [
            "-  from: 2027-01-01              # New Year", "-  reason: maintenance",
            "+  from: 2027-01-02              # New Year", "+  reason: flood",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), EDITS)
def test_only_the_lines_that_are_asked_for_change(edit: Edit, expected: list[str]) -> None:
    assert lines_changed(TEXT, valid(edit)) == expected


def test_calendar_parts_that_are_not_there_are_added_on_the_way() -> None:
    text = TEXT.replace("    dates:\n      05-17:   closed   # Constitution Day\n", "")
    assert lines_changed(text, valid(set_date("hall", "12-24", "closed"), text)) == [
        "+    dates: {12-24: closed}"
    ]


def test_what_is_added_keeps_the_line_breaks_and_the_byte_order_mark_of_the_file() -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    after = valid(AddRule(written.rule(deny={"list": "excluded"}, id="new")), text)
    assert after == text + '- {id: new, doors: "building:town", deny: {list: excluded}}\r\n'


def test_a_rule_is_added_to_a_file_without_a_last_line_break() -> None:
    text = TEXT.rstrip("\n")
    after = valid(AddRule(written.rule(deny={"list": "excluded"}, id="new")), text)
    assert after == text + '\n- {id: new, doors: "building:town", deny: {list: excluded}}'


def test_a_key_beside_a_condition_without_braces_gets_them() -> None:
    text = TEXT.replace("member: club,", "terms: house-2,")
    after = valid(SetValue(("policies", 1, "allow", "all", 0, "guardian"), 18), text)
    assert "all: [{terms: house-2, guardian: 18}, {age: 15+},   # grown" in after


def test_an_edit_that_leaves_no_valid_document_is_refused_with_its_faults() -> None:
    with pytest.raises(
        PolicyError, match=r"town\.yaml:37: policies\[2\]\.reason: .*nearest: flood"
    ):
        valid(SetValue(("policies", 2, "reason"), "flod"))
    with pytest.raises(PolicyError, match="each weekday once"):
        valid(SetValue(("calendars", "hall", "open", "wed"), "closed"))
    with pytest.raises(PolicyError, match="each id once"):
        valid(AddRule(written.rule(deny="anyone", id="staff")))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (RemoveRule(RuleId("stff")), "expected a rule called 'stff', got none"),
        (ReplaceRule(RuleId("x"), {}), "expected a rule called 'x', got none"),
        (AddRule({}, after=RuleId("x")), "expected a rule called 'x', got none"),
        (RemoveValue(("calendars", "hal")), "expected a value that has hal, got a mapping of hall"),
        (RemoveValue(("policies", 3)), "expected a value that has 3, got a list of 3"),
        (SetValue(("policies", 3), "x"), "expected a value that has 3, got a list of 3"),
        (SetValue(("for", "x"), "y"), "expected a value that has x, got 'building:town'"),
        (SetValue(("for", "x", "z"), "y"), "expected a value that has x, got 'building:town'"),
    ],
)
def test_an_edit_of_what_is_not_there_is_refused(edit: Edit, says: str) -> None:
    with pytest.raises(EditRefused, match=f"^{says.replace('[', '.')}$"):
        edited(TEXT, edit)


def test_a_comment_that_would_be_lost_refuses_the_edit() -> None:
    text = "policies:\n- a: x   # about a\n  b: y\n"
    with pytest.raises(EditRefused, match="expected no comment behind the first key"):
        edited(text, RemoveValue(("policies", 0, "a")))


def test_a_text_that_is_no_document_is_not_edited() -> None:
    with pytest.raises(PolicyError, match="no anchors or aliases"):
        edited("for: &x building:town\n", SetValue(("for",), "building:barn"))


RULE_VALUES: dict[str, list[Any]] = {
    "during": ["always", "hall.open", {"all": ["hall.open", "hall.early"]}],
    "allow": ["anyone", {"role": "staff"}, {"all": [{"age": "18+"}, {"member": "club"}]}],
    "doors": ["building:town", ["zone:town/hall", "door:town/vault"], ["door:town/side"]],
    "until": ["2027-06-30", "2027-06-30T16:00"],
    "with": [{"life": "8h"}, {"actions": ["open", "light"], "brings": 3}],
}
HOURS = ["closed", "10:00-12:00", ["06:00-08:00", "10:00-24:00"]]
rule_edits = st.sampled_from([*RULE_VALUES]).flatmap(
    lambda key: st.builds(
        lambda index, value: SetValue(("policies", index, key), value),
        st.integers(0, 1),
        st.sampled_from(RULE_VALUES[key]),
    )
)
rules = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["staff", "members", "closed", "new"]),
        **{key: st.sampled_from(RULE_VALUES[key]) for key in ("doors", "allow", "during")},
    },
    optional={key: st.sampled_from(RULE_VALUES[key]) for key in ("until", "with")},
)
known_ids = st.sampled_from([RuleId("staff"), RuleId("members"), RuleId("closed")])
edits: st.SearchStrategy[Edit] = st.one_of(
    rule_edits,
    st.builds(AddRule, rules, st.one_of(st.none(), known_ids)),
    st.builds(ReplaceRule, known_ids, rules),
    st.builds(RemoveRule, known_ids),
    st.builds(
        RemoveValue,
        st.sampled_from(
            [("policies", 0), ("policies", 1, "doors", 0), ("policies", 1, "allow", "all", 1),
             ("calendars", "hall", "dates"), ("policies", 2, "except"),
             ("calendars", "hall", "open", "mon"), ("calendars", "hall", "early", "mon-fri", 1)]
        ),
    ),
    st.builds(set_date, st.just("hall"), st.sampled_from(["05-17", "easter-4"]),
              st.fixed_dictionaries({o: st.sampled_from(HOURS) for o in ("open", "early")})),
    st.builds(set_week, st.just("hall"), st.sampled_from(["open", "early"]),
              st.one_of(st.just("closed"), st.dictionaries(
                  st.sampled_from(["mon", "tue-fri", "sat", "sun"]), st.sampled_from(HOURS),
                  min_size=1))),
)  # fmt: skip
LINES_OF_THEIR_OWN = [line for line in TEXT.splitlines() if line.lstrip().startswith("#")]


@drawn.often(60)
@given(st.lists(edits, min_size=1, max_size=6), st.booleans())
def test_edits_in_turn_say_what_was_asked_and_keep_every_comment_line(
    listed: list[Edit], is_flat: bool
) -> None:
    """Whatever was done before: a text by people, or one as `print_document` lays it out."""
    text = TEXT
    if is_flat:
        text = print_document(parse_document(TEXT, "town.yaml", PLACES, HOLIDAYS))
    for edit in listed:
        try:
            text, document = edited_document(text, edit, "town.yaml", PLACES, HOLIDAYS)
        except PolicyError:
            continue
        except EditRefused as refused:
            if str(refused).startswith(("expected a rule called", "expected a value that has")):
                continue
            raise
        if isinstance(edit, ReplaceRule | AddRule):
            assert edit.rule["id"] in {rule.id for rule in document.rules}
        if isinstance(edit, RemoveRule):
            assert edit.id not in {rule.id for rule in document.rules}
        if not is_flat:
            assert [ln for ln in LINES_OF_THEIR_OWN if ln not in text.splitlines()] == []


def test_another_reader_finds_the_comments_where_they_were() -> None:
    """ruamel.yaml keeps comments by what they stand at; it shares no code with the editing."""
    after = valid(SetValue(("policies", 1, "during"), "hall.early"))
    before, now = YAML().load(TEXT), YAML().load(after)
    assert now["policies"][1].pop("during") == "hall.early"
    assert before["policies"][1].pop("during") == "hall.open"
    assert now == before
    assert str(now.ca) == str(before.ca)
    assert str(now["calendars"]["hall"].ca) == str(before["calendars"]["hall"].ca)


def test_a_rule_as_it_is_printed_replaces_itself_without_a_change() -> None:
    _, document = edited_document(TEXT, set_week("hall", "early", "closed"), "t", PLACES, HOLIDAYS)
    for rule in document.rules:
        if rule.id == "staff":
            assert valid(ReplaceRule(rule.id, written_rule(rule))) == TEXT
