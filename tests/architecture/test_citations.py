"""What code and documents cite is there: a page, its section or heading, an abuse case's test.

Citations look like `interfaces.md 3`, `interfaces.md 2 to 4`, `policies.md, "Time"`, `policies.md
*Life of a rule*`, `(abuse case ANN)`. A citation that leads nowhere is worse than none. Sections of
SPEC.md are `tests.conformance.test_spec`'s.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "docs",
    "firmware_stubs",
    "keyserver",
    "lockagent",
    "mobile_sdk",
    "policies",
    "tests",
)
SUFFIXES = {".md", ".py", ".toml", ".yaml"}

PAGE = re.compile(r"([\w./-]+\.md)\b")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
NUMBERED = re.compile(r"(interfaces)\.md`?(?:\]\([^)]*\))?,? (\d+(?:(?:, | and | to )\d+)*)")
TITLE = r'(?:"[^"]+"|\*[^*]+\*)'
TITLED = re.compile(rf"(policies|architecture)\.md,? ({TITLE}(?:, {TITLE})*)")
ABUSE_CASE = re.compile(r"abuse case ([A-H]\d{2})\b")


def read(path: Path) -> str:
    """The text of a file as one line: a citation may be broken over two."""
    return re.sub(r"\s*\n\s*(?:#+ (?=[a-z]))?", " ", path.read_text())


def texts() -> dict[str, str]:
    """Every text of the repository that may cite, by its path."""
    files = [path for path in ROOT.glob("*.*") if path.suffix in SUFFIXES]
    for room in ROOMS:
        files += [path for path in (ROOT / room).rglob("*") if path.suffix in SUFFIXES]
    return {str(path.relative_to(ROOT)): read(path) for path in sorted(files)}


TEXTS = texts()
PAGES = {Path(name).name for name in TEXTS if name.endswith(".md")}


def headings(page: str) -> list[str]:
    """The headings of a page in `docs`, without their marks."""
    return re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(), re.MULTILINE)


def lost(found: "dict[str, set[str]]") -> list[str]:
    """What was cited and is not there, each with the file that cites it."""
    return sorted(f"{name}: {cited}" for name, all_of in found.items() for cited in all_of)


def test_every_page_that_is_cited_is_in_the_repository() -> None:
    cited = {name: {Path(page).name for page in PAGE.findall(t)} for name, t in TEXTS.items()}
    assert lost({name: pages - PAGES for name, pages in cited.items()}) == []


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".md")])
def test_every_link_of_a_page_leads_to_a_file(name: str) -> None:
    here = (ROOT / name).parent
    targets = [target for target, _ in LINK.findall((ROOT / name).read_text())]
    assert [t for t in targets if "://" not in t and not (here / t).exists()] == []


def test_every_numbered_section_that_is_cited_is_there() -> None:
    there = {heading.partition(" ")[0] for heading in headings("interfaces.md")}
    cited = {
        name: {number for _, some in NUMBERED.findall(text) for number in re.findall(r"\d+", some)}
        for name, text in TEXTS.items()
    }
    assert len(set().union(*cited.values())) > 5, "expected citations to be found at all"
    assert lost({name: numbers - there for name, numbers in cited.items()}) == []


@pytest.mark.parametrize("page", ["policies", "architecture"])
def test_every_heading_that_is_cited_is_there(page: str) -> None:
    there = set(headings(f"{page}.md"))
    cited = {
        name: {
            title.strip('"*')
            for of, titles in TITLED.findall(text)
            if of == page
            for title in re.findall(TITLE, titles)
        }
        for name, text in TEXTS.items()
        if name != "tests/architecture/test_citations.py"
    }
    assert set().union(*cited.values()), "expected citations to be found at all"
    assert lost({name: titles - there for name, titles in cited.items()}) == []


def test_every_abuse_case_that_is_cited_has_a_test_of_its_name() -> None:
    tested = {
        case for text in TEXTS.values() for case in re.findall(r"def test_([A-H]\d\d)_", text)
    }
    cited = {name: set(ABUSE_CASE.findall(text)) for name, text in TEXTS.items()}
    assert set().union(*cited.values()), "expected citations to be found at all"
    assert lost({name: cases - tested for name, cases in cited.items()}) == []
