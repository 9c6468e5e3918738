"""Who may import whom, and which modules are pure: architecture as a test.

Three tables. `ROOMS` lists, for each room, the rooms of ours that it may import beside itself; the
longest prefix that matches a module is its room, so a room within another is a room of its own.
`PURE` lists modules that take time, randomness and bytes as arguments, and may therefore not import
what gives them. `STANDARD_LIBRARY_ONLY` lists modules that install without anything else. A module
whose docstring makes either promise is held to it as if it stood in the table.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("firmware_stubs", "keyserver", "lockagent", "mobile_sdk", "policies")

GRANT = ("policies.vocabulary", "policies.grant")
CORE = ("policies", *GRANT)
ANSWERS = ("policies.documents", "policies.analysis", "policies.explanation", "policies.telling")
ROOMS: dict[str, tuple[str, ...]] = {
    "policies.vocabulary": (),
    "policies.grant": ("policies.vocabulary",),
    "policies": GRANT,
    "policies.documents": CORE,
    "policies.analysis": CORE,
    "policies.explanation": CORE,
    "policies.telling": (*CORE, "policies.explanation"),
    "policies.cedar": CORE,
    "policies.verbs": (*CORE, *ANSWERS, "policies.cedar"),
    "policies.__main__": (*CORE, "policies.verbs"),
    "firmware_stubs.interfaces": (),
    "firmware_stubs": ("firmware_stubs.interfaces",),
    "lockagent.protocol": GRANT,
    "lockagent": ("lockagent.protocol", "firmware_stubs.interfaces", *GRANT),
    "lockagent.__main__": (
        "lockagent", "lockagent.protocol", "firmware_stubs", "firmware_stubs.interfaces", *GRANT,
    ),
    "mobile_sdk": ("lockagent.protocol", *CORE, "policies.telling"),
    "keyserver": ("lockagent.protocol", *CORE, *ANSWERS),
}  # fmt: skip

IMPURE = (
    "asyncio",
    "time",
    "random",
    "secrets",
    "os",
    "pathlib",
    "subprocess",
    "tempfile",
    "threading",
    "socket",
    "aiohttp",
    "bleak",
    "bumble",
    "sqlalchemy",
)
PURE_PROMISE = re.compile(r"(?:^|[.:;]\s+)Pure(?=[.,:;]|$)", re.MULTILINE)
"""A sentence that opens with "Pure"; what "Pure but for …" excepts, imports alone cannot tell."""
NOT_PURE = {"lockagent.protocol.time_source", "lockagent.protocol.configuration"}
PURE = (
    "policies.vocabulary",
    "policies.grant",
    "policies.windows",
    "policies.schedule",
    "policies.model",
    "policies.engine",
    "policies.granting",
    "lockagent.protocol",
    "lockagent.door",
    "lockagent.clock",
)
STANDARD_LIBRARY_PROMISE = "Standard library only"
STANDARD_LIBRARY_ONLY = ("policies.vocabulary", "policies.grant", "firmware_stubs.interfaces")

ONLY_IN = {
    "bleak": ("mobile_sdk.bleak_link", "mobile_sdk.virtual_bleak"),
    "bumble": (
        "lockagent.bumble_peripheral",
        "lockagent.bumble_",
        "mobile_sdk.virtual_bleak",
        "mobile_sdk.virtual_",
        "firmware_stubs.simulated_radio",
    ),
    "jwt": ("keyserver.jose",),
    "sqlalchemy": ("keyserver",),
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of ours, by its dotted name."""
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, ast.parse(path.read_text())


MODULES = list(modules())
TREES = dict(MODULES)


def imported(tree: ast.Module) -> Iterator[str]:
    """The dotted names that a module imports, relative imports with their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                dotted = f"{base}.{alias.name}"
                yield dotted if dotted in TREES else base


def lies_in(module: str, rooms: tuple[str, ...]) -> bool:
    """Whether `module` is one of `rooms` or lies beneath one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def promised(tree: ast.Module) -> str:
    """The docstring of a module, where its promises stand."""
    return ast.get_docstring(tree) or ""


def pure_modules() -> list[str]:
    """The modules that `PURE` lists or that call themselves pure."""
    return [
        name
        for name, tree in MODULES
        if name not in NOT_PURE and (lies_in(name, PURE) or PURE_PROMISE.search(promised(tree)))
    ]


def standard_library_modules() -> list[str]:
    """The modules that `STANDARD_LIBRARY_ONLY` lists or that promise the same."""
    return [
        name
        for name, tree in MODULES
        if name in STANDARD_LIBRARY_ONLY or STANDARD_LIBRARY_PROMISE in promised(tree)
    ]


def reached(name: str) -> set[str]:
    """The module `name` and every module of ours that comes with it."""
    found, ahead = set[str](), [name]
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += [target for target in imported(TREES[module]) if target in TREES]
    return found


def room_of(module: str) -> str | None:
    """The row of `ROOMS` that speaks of `module`: the longest that holds it, if one does."""
    return max((room for room in ROOMS if lies_in(module, (room,))), key=len, default=None)


@pytest.mark.parametrize(("name", "tree"), MODULES, ids=[name for name, _ in MODULES])
def test_a_module_imports_only_what_its_room_may(name: str, tree: ast.Module) -> None:
    here = room_of(name)
    assert here is not None, f"{name} lies in no room"
    allowed = (here, *ROOMS[here])
    for target in imported(tree):
        assert not target.startswith("."), f"{name} imports {target}: write the whole name"
        if target.split(".")[0] in (*OURS, "tests"):
            assert room_of(target) in allowed, (
                f"{name} imports {target}; its room may import only {', '.join(allowed)}"
            )


@pytest.mark.parametrize("name", pure_modules())
def test_a_pure_module_imports_no_clock_no_dice_and_no_world(name: str) -> None:
    for target in imported(TREES[name]):
        assert target.split(".")[0] not in IMPURE, f"{name} is pure, and imports {target}"


@pytest.mark.parametrize("name", standard_library_modules())
def test_a_module_of_the_standard_library_only_reaches_nothing_else(name: str) -> None:
    for via in reached(name):
        for target in imported(TREES[via]):
            assert target in TREES or target.split(".")[0] in sys.stdlib_module_names, (
                f"{name} promises the standard library only, and {via} imports {target}"
            )


@pytest.mark.parametrize(("name", "tree"), MODULES, ids=[name for name, _ in MODULES])
def test_a_heavy_library_is_imported_where_it_belongs(name: str, tree: ast.Module) -> None:
    for target in imported(tree):
        homes = ONLY_IN.get(target.split(".")[0])
        assert homes is None or name.startswith(homes), (
            f"{name} imports {target}; that library is imported only in {', '.join(homes or ())}"
        )


def test_every_module_says_what_it_does() -> None:
    silent = [name for name, tree in MODULES if not ast.get_docstring(tree)]
    assert silent == []


def test_a_file_keeps_to_one_idea() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for package in (*OURS, "tests")
        for path in (ROOT / package).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 420
    }
    assert long == {}, "split where a second idea begins"


def test_the_tables_name_modules_that_exist() -> None:
    names = {name for name, _ in MODULES}
    tables = (
        *PURE,
        *STANDARD_LIBRARY_ONLY,
        *ROOMS,
        *(r for rooms in ROOMS.values() for r in rooms),
    )
    assert {name for name in tables if not any(lies_in(n, (name,)) for n in names)} == set()


def test_the_promise_of_purity_is_recognised_where_it_is_written() -> None:
    promising = {name for name, tree in MODULES if PURE_PROMISE.search(promised(tree))}
    assert {"policies.explanation.reasons", "lockagent.exchange", "mobile_sdk.views"} <= promising
    assert "mobile_sdk.wallet" not in promising, "pure but for what it names"
