"""The schema for editors: it goes with the reader, key for key, and refuses what it can refuse."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given

import policies
from policies.documents.document import parse_document
from policies.documents.json_schema import document_schema, schema_text
from policies.documents.printing import print_document
from policies.errors import PolicyError
from tests.policies import drawn, town_documents, written
from tests.policies.test_document import CALENDAR, CALENDAR_FAULTS, HEAD, RULE, RULE_FAULTS
from tests.policies.test_printing import AWKWARD_PLACES, documents
from tests.policies.written import Doc

COMMITTED = Path(policies.__file__).parent / "documents" / "document.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(document_schema())


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: numbers and truth values are typed, dates and times are not."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 # why: PyYAML's own interface


for tag, form, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
):
    CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{form})$"), list(first)
    )


def seen_by_an_editor(text: str) -> Any:
    """The values of a text as JSON has them: keys are texts, an unquoted 015 is a number."""

    def plain(node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {key.value: plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [plain(item) for item in node.value]
        kind = node.tag.rpartition(":")[2]
        if kind in ("int", "float"):
            return (
                float(node.value)
                if kind == "float"
                else int(node.value, 0 if "x" in node.value else 10)
            )
        return {"bool": kind == "bool", "null": None}.get(kind, node.value)

    root = yaml.compose(text, Loader=CoreLoader)
    assert root is not None
    return plain(root)


def is_valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(seen_by_an_editor(text)))


def test_the_committed_schema_is_the_one_the_reader_has() -> None:
    assert COMMITTED.read_text() == schema_text(), (
        "expected the schema of this reader, got an older one: write it with"
        " `python -m policies.documents.json_schema > policies/documents/document.schema.json`"
    )
    jsonschema.Draft202012Validator.check_schema(json.loads(COMMITTED.read_text()))


EXAMPLES = sorted(
    path
    for path in town_documents.EXAMPLES.rglob("*.yaml")
    if path.read_text().lstrip().startswith("for:") or "\nfor:" in path.read_text()
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_valid(path: Path) -> None:
    VALIDATOR.validate(seen_by_an_editor(path.read_text()))


@drawn.often(30)
@given(documents())
def test_what_the_reader_accepts_the_schema_accepts(doc: Doc) -> None:
    text = json.dumps(doc, ensure_ascii=False)
    VALIDATOR.validate(json.loads(text))
    printed = print_document(parse_document(text, "x", AWKWARD_PLACES, written.HOLIDAYS))
    VALIDATOR.validate(seen_by_an_editor(printed))


@drawn.often(30)
@given(drawn.documents("building:town", (None, *drawn.RECORDS)))
def test_documents_that_decisions_are_tested_with_are_valid(doc: Doc) -> None:
    VALIDATOR.validate(doc)


UNQUOTED = """
for: building:town
time_zone: Europe/Oslo
calendars: {015: {holidays: as-weekday, no: {mon-sun: 10:00-22:00}}}
policies:
- {id: 015, doors: building:town, allow: {age: 15-17}, during: 015.no, from: 2027-01-01T10:00}
- {id: 1e3, doors: building:town, allow: {terms: house-3, guardian: 18}, during: always}
- {id: true, doors: building:town, allow: anyone, during: always, with: {brings: 3, share: 2}}
"""


def test_what_is_unquoted_is_valid_where_the_reader_reads_it() -> None:
    parse_document(UNQUOTED, "x", written.PLACES, written.HOLIDAYS)
    VALIDATOR.validate(seen_by_an_editor(UNQUOTED))


KNOWN_BY_THE_READER_ALONE = (
    "nearest: building:town", "zone:town/hall", "or what lies beneath it", "known member",
    "nearest: staff", "got 'house'", "house-3", "got house-4", "got 'house-0'", "'house-01'",
    "a residence", "a rule of no length", "through 2199", "got '2027-02-29'", "lower age first",
    "24h", "got '13-01'", "rising range", "02-29", "got fri twice", "hours with a length",
    "got '24:00'", "a mapping of a, b", "with b, got none", "nearest: open", "day list",
    "with open", "a known", "one kind of record", "each ",
)  # fmt: skip
"""What hangs on places.yaml, on a date, or on another part of the document."""


@pytest.mark.parametrize(("rule", "says"), RULE_FAULTS)
def test_a_rule_faulty_by_its_form_is_refused_by_both(rule: str, says: str) -> None:
    text = f"{HEAD}{CALENDAR}policies: [{rule}]\n"
    with pytest.raises(PolicyError):
        parse_document(text, "x", written.PLACES, written.HOLIDAYS)
    if not any(word in says for word in KNOWN_BY_THE_READER_ALONE):
        assert not is_valid(text)


@pytest.mark.parametrize(("calendar", "says"), CALENDAR_FAULTS)
def test_a_calendar_faulty_by_its_form_is_refused_by_both(calendar: str, says: str) -> None:
    text = f"{HEAD}calendars:\n  c: {calendar}\npolicies:\n{RULE}"
    if not any(word in says for word in KNOWN_BY_THE_READER_ALONE):
        assert not is_valid(text)


@pytest.mark.parametrize("key", ["for", "time_zone", "policies"])
def test_a_document_without_what_it_must_have_is_refused_by_both(key: str) -> None:
    lines = f"{HEAD}policies: [{RULE[2:].strip()}]\n".splitlines()
    text = "\n".join(line for line in lines if not line.startswith(f"{key}:"))
    with pytest.raises(PolicyError):
        parse_document(text, "x", written.PLACES, written.HOLIDAYS)
    assert not is_valid(text)
