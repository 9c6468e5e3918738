"""`python -m firmware_stubs.town`: run the town, or act on one that runs.

Exit codes as interfaces.md 7: 0 done, 1 the answer is no, 2 a wrong command, 3 the world failed.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_stubs.town.control import LEANS, Control
from firmware_stubs.town.installation import Town
from firmware_stubs.town.layout import NORA, SITES, Layout
from firmware_stubs.town.processes import Event, ProgramFailed, say
from firmware_stubs.town.story import Story
from firmware_stubs.town.telling import Teller

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "policies" / "examples"
DONE, NO, WRONG_COMMAND, WORLD_FAILED = 0, 1, 2, 3
DOORS = [door.access_point for site in SITES for door in site.doors]
LEANS_SAY = {
    "push": "push a door once, as somebody who walks in",
    "hold": "push a door and stand in it",
    "force": "break a door open",
    "release": "step out of a door that is held",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "run":
            _clear(options.state)
            return asyncio.run(_run(Layout.fresh(options.state, EXAMPLES), options.once))
        return asyncio.run(_ask_director(options))
    except ProgramFailed as error:
        print(f"town: {error}", file=sys.stderr)
        return WORLD_FAILED
    except KeyboardInterrupt:
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.town", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".town", help="the town's folder")
    common = argparse.ArgumentParser(add_help=False)
    for target, unsaid in ((parser, False), (common, argparse.SUPPRESS)):
        target.add_argument(
            "--json", action="store_true", default=unsaid, help="answer as one JSON object"
        )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser(
        "run", parents=[common], help="build the town, tell its story, and stay up"
    )
    run.add_argument("--once", action="store_true", help="end after the story, with one JSON line")
    for verb in LEANS:
        lean = verbs.add_parser(verb, parents=[common], help=LEANS_SAY[verb])
        lean.add_argument("on", metavar="DOOR", choices=DOORS)
    cut = verbs.add_parser(
        "power-cut", parents=[common], help="take a controller's power away, and give it back"
    )
    cut.add_argument("on", metavar="CONTROLLER", choices=[site.controller for site in SITES])
    server = verbs.add_parser("server", parents=[common], help="stop or start the key server")
    server.add_argument("on", metavar="stop|start", choices=("stop", "start"))
    verbs.add_parser("status", parents=[common], help="what runs").set_defaults(on="")
    return parser


def _clear(state: Path) -> None:
    """Remove the town of an earlier run; ProgramFailed for a folder that is no town's, or runs."""
    if not state.exists():
        return
    if not (state / "clock.json").is_file():
        raise ProgramFailed(f"expected {state} to be a town's folder or not there, got another")
    layout = Layout.running(state, EXAMPLES)
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(layout.control))
        raise ProgramFailed("expected no running town, got one; end it first (Ctrl-C)")
    shutil.rmtree(state)


async def _run(layout: Layout, once: bool) -> int:
    town, teller = Town(layout), Teller()
    story = Story(town, teller)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    try:
        told = asyncio.create_task(_tell(story))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({told, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            told.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await told
            return DONE
        summary = told.result()
        if not once:
            async with await Control(town).listen(layout.control):
                _say_what_to_try(teller, layout)
                await stop.wait()
    finally:
        await town.stop()
        shutil.rmtree(layout.sockets, ignore_errors=True)
    if once:
        print(json.dumps(summary), flush=True)
    return DONE


async def _tell(story: Story) -> Event:
    await story.found()
    await story.evening()
    await story.offline()
    await story.back()
    await story.revocation()
    await story.journals_arrive()
    return await story.summary()


def _say_what_to_try(teller: Teller, layout: Layout) -> None:
    nokkel = (
        f"nokkel --home {layout.phone(NORA.person)} --radio virtual:{layout.radio}"
        f" --clock town:{layout.clock} --lang en"
    )
    town = "python -m firmware_stubs.town"
    teller.chapter("The town stays up. From another terminal in this folder:")
    teller.says(". .venv/bin/activate")
    teller.says(f'NORA="{nokkel}"')
    teller.says("$NORA keys                         what Nora's phone holds")
    teller.says("$NORA open torshov/entrance/main   she opens the library, for 5 s")
    teller.says(f"{town} push torshov/entrance/main   … and walks in; also: hold, release, force")
    teller.says(f"{town} server stop    then open a door again; `server start`")
    teller.says(f"{town} power-cut torshov-1    with the server running: a door that has lost")
    teller.says("    its power asks the server for the time before it opens again")
    teller.says(f"{town} status")
    teller.says(f"keyserver --config {layout.server_config} journal show    what the doors told")
    teller.says("Ctrl-C here ends the town.")


async def _ask_director(options: argparse.Namespace) -> int:
    try:
        layout = Layout.running(options.state, EXAMPLES)
    except FileNotFoundError:
        return _no_town("found none")
    if not layout.control.exists():
        return _no_town("found one that has ended, or is still telling its story")
    answer = await say(layout.control, {"verb": options.verb, "on": options.on})
    did_not_move = answer.get("moved") is False
    if options.json:
        print(json.dumps(answer))
    elif did_not_move:
        print(f"{options.on} did not give way: it is locked. Open it with a phone, then push.")
    else:
        print("\n".join(_lines(answer)))
    return NO if did_not_move else DONE


def _no_town(found: str) -> int:
    print(
        f"town: expected a running town, {found}; `make demo` starts one, from this folder",
        file=sys.stderr,
    )
    return WRONG_COMMAND


def _lines(answer: Event) -> list[str]:
    """An answer as people read it: a name and what is said of it, a line each."""
    lines = []
    for name, value in answer.items():
        if isinstance(value, dict):
            lines += [f"{each}: {said}" for each, said in value.items()]
        else:
            said = "yes" if value is True else "no" if value is False else value
            lines.append(f"{name.replace('_', ' ')}: {said}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
