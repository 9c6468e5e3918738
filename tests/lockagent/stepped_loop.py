"""An event loop whose time stands while there is work, and jumps to the next timer once idle.

So a test asks what happens one millisecond before a limit and one after it, in no time, and the
answer does not depend on the machine. Nothing from outside (a socket, a thread) can wake it: a test
that waits for one is told so instead of hanging.
"""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import ParamSpec


class _IdleSelector(selectors.DefaultSelector):
    """Waits by adding the seconds up."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; `timeout` has passed when this returns."""
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("expected a timer to wait for, got a test that waits for ever")
        self.passed += max(0.0, timeout or 0.0)
        return ready


class SteppedLoop(asyncio.SelectorEventLoop):
    """The loop; its time starts at 0."""

    def __init__(self) -> None:
        self._idle = _IdleSelector()
        super().__init__(self._idle)

    def time(self) -> float:
        """Seconds of simulated waiting."""
        return self._idle.passed


Scenario = ParamSpec("Scenario")


def stepped(test: Callable[Scenario, Coroutine[None, None, None]]) -> Callable[Scenario, None]:
    """Run `test` on a `SteppedLoop`."""

    @functools.wraps(test)
    def run(*args: Scenario.args, **kwargs: Scenario.kwargs) -> None:
        with asyncio.Runner(loop_factory=SteppedLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
