"""The simulated backend still has the shape bleak calls; bleak changes it between majors."""

import inspect

import pytest
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from mobile_sdk.virtual_bleak import VirtualClient, VirtualScanner

PAIRS = ((BaseBleakClient, VirtualClient), (BaseBleakScanner, VirtualScanner))
OVERRIDDEN = [
    (base, ours, name)
    for base, ours in PAIRS
    for name, member in vars(base).items()
    if name in vars(ours) and inspect.isfunction(member) and name != "__init__"
]


@pytest.mark.parametrize(("base", "ours"), PAIRS)
def test_everything_abstract_in_bleak_is_there(base: type, ours: type) -> None:
    assert getattr(base, "__abstractmethods__", frozenset()) <= set(dir(ours))
    assert not getattr(ours, "__abstractmethods__", frozenset())


@pytest.mark.parametrize(
    ("base", "ours", "name"), OVERRIDDEN, ids=[f"{one[0].__name__}.{one[2]}" for one in OVERRIDDEN]
)
def test_what_we_override_takes_what_bleak_passes(base: type, ours: type, name: str) -> None:
    expected = inspect.signature(getattr(base, name)).parameters
    got = inspect.signature(getattr(ours, name)).parameters
    assert [(one.name, one.kind) for one in got.values()] == [
        (one.name, one.kind) for one in expected.values()
    ]
    assert inspect.iscoroutinefunction(getattr(ours, name)) == inspect.iscoroutinefunction(
        getattr(base, name)
    )


def test_constructors_take_what_bleak_passes() -> None:
    scanner = inspect.signature(VirtualScanner.__init__).parameters
    assert list(scanner)[1:4] == ["detection_callback", "service_uuids", "scanning_mode"]
    client = inspect.signature(VirtualClient.__init__).parameters
    assert {"disconnected_callback", "timeout"} <= set(client)
    assert all(
        any(one.kind is inspect.Parameter.VAR_KEYWORD for one in each.values())
        for each in (scanner, client)
    )
