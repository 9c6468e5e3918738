"""SPEC.md and the code name each other: no section is cited that is not there."""

import json
import re
from pathlib import Path

import pytest

from lockagent.protocol.gatt import (
    ABOUT_UUID,
    EXCHANGE_UUID,
    READER_CERTIFICATE_UUID,
    SERVICE_UUID,
    Advertisement,
    ReaderId,
)
from tests.vectors.case import Suite
from tests.vectors.cases import SUITES

ROOT = Path(__file__).resolve().parents[2]
SPEC = (ROOT / "lockagent" / "protocol" / "SPEC.md").read_text()
SECTIONS = set(re.findall(r"^(?:#+ |- \*\*)(\d+(?:\.\d+)?)[ *]", SPEC, re.MULTILINE))
CITED = re.compile(r"SPEC\.md (?:sections? )?(\d+(?:\.\d+)?)")
OURS = ("keyserver", "lockagent", "mobile_sdk", "policies", "firmware_stubs", "tests")


def test_the_sections_are_one_to_nine_and_the_steps_one_to_sixteen() -> None:
    """Steps are sections, so that code and journal can name them."""
    assert {section for section in SECTIONS if "." not in section} == set("123456789")
    assert {f"6.{step}" for step in range(1, 18)} <= SECTIONS


@pytest.mark.parametrize("folder", OURS)
def test_every_section_that_the_code_cites_is_there(folder: str) -> None:
    """A citation that leads nowhere is worse than none."""
    missing = {
        f"{path.relative_to(ROOT)}: {section}"
        for path in (ROOT / folder).rglob("*.py")
        for section in CITED.findall(path.read_text())
        if section not in SECTIONS
    }
    assert not missing


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.kind)
def test_every_section_that_a_vector_names_is_there(suite: Suite) -> None:
    """So that somebody with a failing vector knows what to read."""
    cases = json.loads((ROOT / "tests" / "vectors" / f"{suite.kind}.json").read_text())["cases"]
    assert {case["section"] for case in cases} <= SECTIONS


def test_every_vector_that_spec_names_is_there() -> None:
    """By id."""
    ids = {case.id for suite in SUITES for case in suite.cases}
    named = set(re.findall(r"vector `([a-z_]+/[a-z0-9-]+)`", SPEC))
    assert named
    assert named <= ids


@pytest.mark.parametrize(
    "uuid", [SERVICE_UUID, EXCHANGE_UUID, READER_CERTIFICATE_UUID, ABOUT_UUID], ids=str
)
def test_the_uuids_are_those_of_the_code(uuid: object) -> None:
    """Section 9.1."""
    assert str(uuid) in SPEC


def test_the_advertisement_is_as_section_9_2_writes_it() -> None:
    """31 bytes, field by field."""
    written = Advertisement(ReaderId(bytes.fromhex("9f31c0aa"))).encode()
    expected = (
        bytes.fromhex("0201061107")
        + SERVICE_UUID.bytes[::-1]
        + bytes.fromhex("09ffffff01")
        + bytes.fromhex("9f31c0aa00")
    )
    assert written == expected
    assert len(written) == 31
