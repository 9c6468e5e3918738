"""What a document may not hold: each fault with file, line and key path, and nothing ignored."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.documents.document import load_policies
from policies.errors import Fault, PolicyError
from policies.model import Effect
from policies.vocabulary import Action
from tests.policies import written
from tests.policies.town_documents import EXAMPLES, PLACES
from tests.policies.written import HOLIDAYS

HEAD = "for: building:town\ntime_zone: Europe/Oslo\n"
CALENDAR = """calendars:
  c:
    holidays: closed
    open: {mon-fri: "10:00-18:00"}
"""
RULE = '- {id: a, doors: "building:town", allow: anyone, during: always}\n'


def faults(text: str, name: str = "town.yaml") -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as raised:
        load_policies({name: text}, written.PLACES, written.HOLIDAYS)
    return raised.value.faults


def only_fault(text: str) -> Fault:
    (fault,) = faults(text)
    return fault


def rule_fault(rule: str) -> Fault:
    """The one fault of a document whose only rule, on line 8, is `rule`."""
    fault = only_fault(f"{HEAD}{CALENDAR}policies: [{rule}]\n")
    assert fault.line == 7
    return fault


def calendar_fault(calendar: str) -> Fault:
    return only_fault(f"{HEAD}calendars:\n  c: {calendar}\npolicies:\n{RULE}")


def test_a_fault_names_file_line_and_key_path() -> None:
    rule = '- {id: b, doors: "building:town", allow: anyone, during: c.opn}\n'
    fault = only_fault(f"{HEAD}{CALENDAR}policies:\n{RULE}{rule}")
    assert str(fault) == (
        "town.yaml:9: policies[1].during: expected always or an opening of a calendar,"
        " got 'c.opn' (nearest: c.open)"
    )


def test_every_fault_of_every_file_is_reported_at_once() -> None:
    rules = "- {id: a}\n- {id: b, doors: 'building:town', allow: anyone}\n"
    files = {"a.yaml": f"{HEAD}policies:\n{rules}", "b.yaml": "for: [x\n"}
    with pytest.raises(PolicyError) as raised:
        load_policies(files, written.PLACES, written.HOLIDAYS)
    assert [(fault.file, fault.line) for fault in raised.value.faults] == [
        ("a.yaml", 4), ("a.yaml", 5), ("b.yaml", 2),
    ]  # fmt: skip


RULE_FAULTS = [
    ("{doors: 'building:town', allow: anyone, during: always}", "with id, got none"),
    ("{id: a, allow: anyone, during: always}", "with doors, got none"),
    ("{id: a, doors: 'building:town', allow: anyone}", "with during, got none"),
    ("{id: a, doors: 'building:town', during: always}", "exactly one of allow, deny and unlock"),
    ("{id: a, doors: 'building:town', alow: anyone, during: always}", "got alow (nearest: allow)"),
    ("{id: a, doors: 'building:town', allow: anyone, deny: anyone, during: always}", "got 2"),
    ("{id: a, doors: 'building:town', allow: anyone, during: always, whn: x}", "got 'whn'"),
    ("{id: a, doors: 'building:town', allow: anyone, during: always, reason: flood}", "'reason'"),
    ("{id: a, doors: 'building:town', deny: anyone, with: {life: 8h}}", "got 'with'"),
    ("{id: A, doors: 'building:town', allow: anyone, during: always}", "got 'A'"),
    ("{id: a, doors: 'building:twn', allow: anyone, during: always}", "nearest: building:town"),
    ("{id: a, doors: 'door:town/hall', allow: anyone, during: always}", "zone:town/hall"),
    ("{id: a, doors: 'building:barn', allow: anyone, during: always}", "or what lies beneath it"),
    ("{id: a, doors: municipality, allow: anyone, during: always}", "or what lies beneath it"),
    ("{id: a, doors: ['building:town', 'building:town'], allow: anyone, during: always}", "once"),
    ("{id: a, doors: [], allow: anyone, during: always}", "got an empty list"),
    ("{id: a, doors: 'building:town', allow: {all: []}, during: always}", "got an empty list"),
    ("{id: a, doors: 'building:town', allow: everyone, during: always}", "nearest: anyone"),
    ("{id: a, doors: 'building:town', allow: [{age: 15+}], during: always}", "{any: [...]}"),
    ("{id: a, doors: 'building:town', allow: anyone, during: [c.open]}", "{all: [...]}"),
    ("{id: a, doors: 'building:town', allow: {all: [anyone]}, during: always}", "got 'anyone'"),
    ("{id: a, doors: 'building:town', deny: anyone, except: anyone}", "got 'anyone'"),
    ("{id: a, doors: 'building:town', allow: {not: {age: 15+}}, during: always}", "got 'not'"),
    ("{id: a, doors: 'building:town', allow: {}, during: always}", "got an empty mapping"),
    (
        "{id: a, doors: 'building:town', allow: {age: 15+, role: staff}, during: always}",
        "one condition, got 2",
    ),
    (
        "{id: a, doors: 'building:town', allow: {age: 15+, guardian: '18'}, during: always}",
        "guardian beside terms",
    ),
    ("{id: a, doors: 'building:town', allow: {age: 15}, during: always}", "got '15'"),
    ("{id: a, doors: 'building:town', allow: {age: 17-13}, during: always}", "lower age first"),
    ("{id: a, doors: 'building:town', allow: {member: clbu}, during: always}", "known member"),
    ("{id: a, doors: 'building:town', allow: {member: club/x}, during: always}", "known member"),
    ("{id: a, doors: 'building:town', allow: {role: stff}, during: always}", "nearest: staff"),
    ("{id: a, doors: 'building:town', allow: {terms: house}, during: always}", "got 'house'"),
    ("{id: a, doors: 'building:town', allow: {terms: hose-3}, during: always}", "house-3"),
    ("{id: a, doors: 'building:town', allow: {terms: house-4}, during: always}", "got house-4"),
    ("{id: a, doors: 'building:town', allow: {terms: house-0}, during: always}", "got 'house-0'"),
    ("{id: a, doors: 'building:town', allow: {terms: house-01}, during: always}", "'house-01'"),
    (
        "{id: a, doors: 'building:town', allow: {resident: 'building:barn'}, during: always}",
        "a residence the registers know",
    ),
    ("{id: a, doors: 'building:town', deny: anyone, reason: flod}", "nearest: flood"),
    (
        "{id: a, doors: 'building:town', deny: anyone, from: 2027-01-02, until: 2027-01-01}",
        "a rule of no length",
    ),
    (
        "{id: a, doors: 'building:town', deny: anyone,"
        " from: 2027-03-28T02:10, until: 2027-03-28T02:50}",
        "a rule of no length",
    ),
    ("{id: a, doors: 'building:town', deny: anyone, until: 9999-12-31}", "through 2199"),
    ("{id: a, doors: 'building:town', deny: anyone, until: 2027-02-29}", "got '2027-02-29'"),
    ("{id: a, doors: 'building:town', deny: anyone, from: 2027-01-01T24:00}", "got '24:00'"),
    ("{id: a, doors: 'building:town', allow: anyone, during: always, with: {life: 25h}}", "24h"),
    ("{id: a, doors: 'building:town', allow: anyone, during: always, with: {life: 0h}}", "0h"),
    (
        "{id: a, doors: 'building:town', allow: anyone, during: always, with: {actions: [opn]}}",
        "nearest: open",
    ),
    (
        "{id: a, doors: 'building:town', allow: anyone, during: always,"
        " with: {actions: [open, open]}}",
        "each action once",
    ),
]


@pytest.mark.parametrize(("rule", "says"), RULE_FAULTS)
def test_a_faulty_rule_is_refused_with_a_sentence(rule: str, says: str) -> None:
    assert says in rule_fault(rule).sentence


CALENDAR_FAULTS = [
    ("{open: {mon: '10:00-12:00'}}", "with holidays"),
    ("{holidays: closed}", "at least one opening"),
    ("{holidays: closed, open: {}}", "got an empty mapping"),
    ("{holidays: closed, open: {mon: []}}", "got an empty list"),
    ("{holidays: closed, open: {mon: '10:00-10:00'}}", "hours with a length"),
    ("{holidays: closed, open: {mon: '24:00-25:00'}}", "got '24:00'"),
    ("{holidays: closed, open: {mon: '9:00-12:00'}}", "got '9:00-12:00'"),
    ("{holidays: closed, open: {mon: 600-720}}", "got '600-720'"),
    ("{holidays: closed, open: {mom: '10:00-12:00'}}", "nearest: mon"),
    ("{holidays: closed, open: {fri-mon: '10:00-12:00'}}", "rising range"),
    ("{holidays: closed, open: {mon-fri: '10:00-12:00', fri: closed}}", "got fri twice"),
    ("{holidays: open, open: closed}", "got 'open'"),
    ("{holidays: '10:00-12:00', a: closed, b: closed}", "a mapping of a, b"),
    ("{holidays: {a: closed}, a: closed, b: closed}", "with b, got none"),
    ("{holidays: {open: closed, opne: closed}, open: closed}", "nearest: open"),
    ("{holidays: closed, open: closed, seasons: [{from: 07-01, open: closed}]}", "with to"),
    (
        "{holidays: closed, open: closed, seasons: [{from: 02-29, to: 03-01, open: closed}]}",
        "02-29",
    ),
    ("{holidays: closed, open: closed, seasons: [{from: 07-01, to: 07-31}]}", "with open"),
    ("{holidays: closed, open: closed, seasons: [{days: ferie, open: closed}]}", "day list"),
    ("{holidays: closed, open: closed, dates: {13-01: closed}}", "got '13-01'"),
    ("{holidays: closed, open: closed, dates: {easter4: closed}}", "got 'easter4'"),
    ("{holidays: closed, open: closed, dates: {9999-12-31: closed}}", "through 2199"),
    ("{holidays: closed, open: closed, dates: {05-17: as-weekday}}", "got 'as-weekday'"),
    ("{holidays: closed, from: closed}", "got the key from"),
]


@pytest.mark.parametrize(("calendar", "says"), CALENDAR_FAULTS)
def test_a_faulty_calendar_is_refused_with_a_sentence(calendar: str, says: str) -> None:
    fault = calendar_fault(calendar)
    assert says in fault.sentence
    assert fault.line == 4


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ("{covers: 2026-01-01..2026-12-31, on: []}", "got an empty list"),
        ("{covers: 2026-01-01..2026-12-31, on: [2027-01-01]}", "from 2026-01-01"),
        ("{covers: 2026-12-31..2026-01-01, on: [2026-05-01]}", "earlier date first"),
        ("{covers: 2026-01-01..2026-12-31, on: [2026-05-01, 2026-05-01]}", "each day once"),
        ("{covers: 1900-01-01..2199-12-31, on: [2026-05-01]}", "at most 3660 days"),
        ("{on: [2026-05-01]}", "with covers"),
    ],
)
def test_a_faulty_day_list_is_refused_with_a_sentence(days: str, says: str) -> None:
    assert says in only_fault(f"{HEAD}days:\n  d: {days}\npolicies:\n{RULE}").sentence


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "an empty file"),
        ("just text", 1, "got 'just text'"),
        (HEAD + "policies: *x\n", 3, "no anchors or aliases"),
        (HEAD + "policies: &x\n" + RULE, 3, "no anchors or aliases"),
        (HEAD + "policies: !!seq\n" + RULE, 3, "no tags"),
        (HEAD + "policies:\n" + RULE + "policies:\n" + RULE, 5, "each key once"),
        (HEAD + "policies:\n- {id: a, id: b}\n", 4, "each key once, got 'id' twice"),
        (HEAD + "policies:\n- {<<: {id: a}}\n", 4, "no merge keys"),
        (HEAD + "policies:\n" + RULE + "---\nfor: x\n", 5, "one document"),
        (HEAD + "policies:\n  - x\n - y\n", 5, "expected YAML"),
        (HEAD + "policies:\n- \x07\n", 4, "a character YAML does not allow"),
        (HEAD + "policies:\n# ma\u030a\n" + RULE, 4, "normal form C"),
        (HEAD + "policies: " + "[" * 40 + "]" * 40, 3, "at most 16 levels"),
        (HEAD + "policies:\n" + "#" * (1 << 20), 1, "at most 1048576 characters"),
        ("for: building:town\npolicies:\n" + RULE, 1, "with time_zone"),
        ("for: building:town\ntime_zone: Europe/Olso\npolicies:\n" + RULE, 2, "Europe/Oslo"),
        ("for: building:town\ntime_zone: ../../etc\npolicies:\n" + RULE, 2, "time zone"),
        ("for: building:moon\ntime_zone: Europe/Oslo\npolicies:\n" + RULE, 1, "known place"),
        ("for: building:town\ntime_zone: localtime\npolicies:\n" + RULE, 2, "time zone"),
        ("for: building:town\ntime_zone: CET\npolicies:\n" + RULE, 2, "time zone"),
        (HEAD + "policies:\n-\t{id: a}\n-\tx: y\n", 4, "expected spaces, got a tab"),
        (HEAD + "policies:\n\t- x\n", 4, "expected spaces, got a tab"),
        ("for: " + "a" * 201 + "\ntime_zone: UTC\npolicies: x\n", 1, "got 201 characters"),
        (HEAD + "policies: []\n", 3, "an empty list"),
        (HEAD + "policy:\n" + RULE, 3, "nearest: policies"),
        (HEAD + "policies:\n" + RULE + RULE, 5, "each id once"),
    ],
)
def test_a_faulty_text_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    fault = only_fault(text)
    assert says in fault.sentence
    assert fault.line == line


TORSHOV = (EXAMPLES / "torshov.yaml").read_text()


@st.composite
def damaged_documents(draw: st.DrawFn) -> str:
    """A good document with a stretch cut out, repeated or overwritten."""
    start = draw(st.integers(0, len(TORSHOV)))
    end = min(len(TORSHOV), start + draw(st.integers(0, 60)))
    put = draw(
        st.one_of(
            st.text(max_size=12),
            st.sampled_from(["", ": ", "- ", "{", "]", "&a ", "*a", "!!int ", '"', "9" * 5_000]),
            st.just(2 * TORSHOV[start:end]),
        )
    )
    return TORSHOV[:start] + put + TORSHOV[end:]


@settings(deadline=None)
@given(st.one_of(damaged_documents(), st.text(max_size=200)))
def test_any_text_is_read_or_refused_with_its_lines(text: str) -> None:
    found: tuple[Fault, ...] = ()
    try:
        load_policies({"torshov.yaml": text}, PLACES, HOLIDAYS)
    except PolicyError as error:
        found = error.faults or (Fault("", 0, "", ""),)
    for fault in found:
        assert 1 <= fault.line <= len(text.splitlines()) + 1
        assert fault.sentence.startswith("expected ")


def test_every_fault_of_a_rule_is_told_even_behind_a_faulty_calendar() -> None:
    rule = (
        "- {id: A, doors: 'building:twn', allow: {role: stff}, during: c.open, limits: {},"
        " with: {life: 25h}, whn: x}\n"
    )
    text = HEAD + CALENDAR.replace("mon-fri", "mon-fir") + "policies:\n" + rule
    assert [fault.path for fault in faults(text)] == [
        "calendars.c.open.mon-fir", "policies[0].allow.role", "policies[0].doors",
        "policies[0].id", "policies[0].limits", "policies[0].whn", "policies[0].with.life",
    ]  # fmt: skip


def test_a_key_path_is_safe_to_print() -> None:
    fault = only_fault(f'{HEAD}"\\e[31m\\u202e": x\npolicies:\n{RULE}')
    assert fault.path == r"'\x1b[31m\u202e'"


def test_an_until_at_twenty_four_hundred_is_the_end_of_that_day() -> None:
    timed, dated = written.policies(
        written.document(
            written.rule(deny="anyone", id="timed", until="2027-03-28T24:00"),
            written.rule(deny="anyone", id="dated", until="2027-03-28"),
        )
    ).documents[0].rules  # fmt: skip
    assert timed.end == dated.end


def test_two_documents_for_one_place_are_refused() -> None:
    text = f"{HEAD}policies:\n{RULE}"
    with pytest.raises(PolicyError, match=r"one document for building:town, got a\.yaml as well"):
        load_policies({"a.yaml": text, "b.yaml": text}, written.PLACES, written.HOLIDAYS)


def test_hours_written_without_quotes_are_texts_all_the_same() -> None:
    head = "for: building:town\ntime_zone: Europe/Oslo\n"
    calendar = "calendars: {c: {holidays: as-weekday, no: {mon-sun: 10:00-22:00}}}\n"
    rule = "policies: [{id: 015, doors: building:town, allow: {age: 015-17}, during: c.no}]\n"
    assert "got '015-17'" in only_fault(head + calendar + rule).sentence
    fine = load_policies({"a": head + calendar + rule.replace("015-17", "15-17")},
                         written.PLACES, written.HOLIDAYS)  # fmt: skip
    assert fine.documents[0].rules[0].id == "015"


def test_a_rule_on_a_place_speaks_for_every_access_point_beneath_it() -> None:
    def points(doors: Any) -> list[int]:
        doc = written.document(written.rule(allow="anyone", doors=doors))
        return sorted(written.policies(doc).documents[0].rules[0].points)

    assert points("building:town") == [1, 2, 3, 4]
    assert points("zone:town/hall") == [1, 2]
    assert points(["door:town/side", "zone:town/hall"]) == [1, 2, 3]


def test_the_document_of_the_municipality_may_name_every_place() -> None:
    doc = {**written.document(written.rule(deny="anyone", doors="municipality")),
           "for": "municipality"}  # fmt: skip
    assert sorted(written.policies(doc).documents[0].rules[0].points) == [1, 2, 3, 4, 5]


def test_what_is_not_said_of_a_credential_is_open_and_a_day() -> None:
    plain, said = written.policies(
        written.document(
            written.rule(allow="anyone", id="plain"),
            written.rule(
                allow="anyone", id="said", with_={"life": "90m", "actions": ["lock", "light"]}
            ),
        )
    ).documents[0].rules  # fmt: skip
    assert (plain.effect, plain.manner.actions, plain.manner.life_seconds) == (
        Effect.ALLOW, frozenset({Action.OPEN}), 86_400,
    )  # fmt: skip
    assert (said.manner.actions, said.manner.life_seconds) == (
        frozenset({Action.LOCK, Action.LIGHT}),
        5_400,
    )
