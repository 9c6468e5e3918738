"""The program `policies`: check documents, and ask what they decide.

Exit (interfaces.md 7): 0 done or yes · 1 the answer is no, or `check` found faults · 2 a wrong
command, a missing file, or a faulty document in another verb · 3 the world failed, or nobody reads
the answers any more. With `--json` each line of stdout is one object and what people read goes to
stderr. The verbs are in `policies.verbs`; whatever goes wrong in them is said here, once.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from io import TextIOWrapper

from policies.errors import PolicyError
from policies.verbs.command import parser
from policies.verbs.console import Console
from policies.verbs.outcome import NO, WORLD_FAILED, WRONG, WrongCommand


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(argv)
    console = Console(options.json)
    try:
        try:
            code = _run(options, console)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            where = f"{error.filename}: " if error.filename else ""
            reason = (error.strerror or "an error of the system").lower()
            console.fail(f"{where}expected the system to allow this, got: {reason}")
            code = WORLD_FAILED
        except KeyboardInterrupt:
            console.fail("expected to finish, got an interrupt")
            code = WORLD_FAILED
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read the answers has left: nothing can be said, and nothing is flushed at exit
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return WORLD_FAILED
    return code


def _run(options: Namespace, console: Console) -> int:
    try:
        code: int = options.run(options, console)
    except PolicyError as error:
        console.faults(error.faults)
        return NO if options.verb == "check" else WRONG
    except WrongCommand as error:
        console.fail(str(error))
        return WRONG
    return code


if __name__ == "__main__":
    sys.exit(main())
