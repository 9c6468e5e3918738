"""`lockagent`: the program of a door controller. Verbs and exit codes: interfaces.md 7.

    lockagent provision --issuer URL --code CODE     install this controller
    lockagent run                                    decide, until SIGTERM
    lockagent check-config                           is door.toml in order?
    lockagent inspect-bundle FILE                    what a trust bundle says, and whether it holds
    lockagent journal show|verify|export             the door's own record

Options before or after the verb: `--config FILE` (door.toml), `--json`. What programs read is on
stdout, what people read on stderr. Exit: 0 done or yes, 1 the answer is no, 2 wrong command or a
faulty file, 3 the world failed. Errors are one sentence; nothing here prints a stack trace for
what a person can mend.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from importlib import metadata
from pathlib import Path

import aiohttp

from firmware_stubs.simulated_door import SimulatedCabinet
from lockagent.bumble_peripheral import BumblePeripheral, hci_opener
from lockagent.config import DoorConfig, read_config
from lockagent.controller import AlreadyRunning, Controller
from lockagent.inspection import check_installed, export_journal, show_bundle, show_journal
from lockagent.inspection import verify_journal as verify_journal_in
from lockagent.installation import FILE_NAME, NotInstalled, read_installation
from lockagent.link import RadioLost
from lockagent.protocol.configuration import ConfigurationError
from lockagent.protocol.errors import MalformedMessage
from lockagent.protocol.time_source import Clock, clock_of
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.provisioning import AnswerRefused, make_keys, provision
from lockagent.reader import MOST_CONNECTIONS
from lockagent.reporting import LineReporter
from lockagent.server_link import ServerLink, ServerRefused, ServerUnavailable
from policies.vocabulary import Environment

DONE, NO, WRONG, WORLD = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the program; its exit code."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    reporter = LineReporter(as_json=asked.json)
    try:
        return _carry_out(asked, reporter)
    except ConfigurationError as error:
        return _say(str(error), NO if asked.verb == "check-config" else WRONG)
    except NotInstalled as error:
        return _say(str(error), NO if asked.verb == "check-config" else WRONG)
    except ServerRefused as error:
        return _say(_refusal_sentence(error), NO)
    except (AnswerRefused, TrustRefused, MalformedMessage) as error:
        return _say(str(error), NO)
    except (ServerUnavailable, RadioLost, AlreadyRunning) as error:
        return _say(str(error), WORLD)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _say(f"{error.strerror or error}{where}", WORLD)


def _carry_out(asked: argparse.Namespace, reporter: LineReporter) -> int:
    config = read_config(asked.config)
    if asked.verb == "provision":
        return asyncio.run(_provision(config, asked, reporter))
    if asked.verb == "run":
        return asyncio.run(_run(config, reporter))
    if asked.verb == "check-config":
        return _check_config(config, reporter)
    if asked.verb == "inspect-bundle":
        return DONE if show_bundle(config, asked.file, reporter) else NO
    if asked.journal_verb == "show":
        show_journal(config, reporter)
        return DONE
    if asked.journal_verb == "export":
        export_journal(config, asked.file, reporter)
        return DONE
    return DONE if verify_journal_in(config, reporter) else NO


async def _provision(config: DoorConfig, asked: argparse.Namespace, reporter: LineReporter) -> int:
    if asked.issuer != config.issuer:
        return _say(f"expected --issuer {config.issuer} as in door.toml, got {asked.issuer}", WRONG)
    if (config.state_directory / FILE_NAME).exists():
        return _say(
            f"expected a controller without an installation, got {config.state_directory}: "
            "remove that folder to install it anew",
            WRONG,
        )
    clock = _clock(config)
    agent_key, reader_keys = make_keys(config)
    async with aiohttp.ClientSession() as http:
        link = ServerLink(http, agent_key, "", config.issuer, clock)
        installation = await provision(
            config, link, agent_key.public, reader_keys, asked.code, _version_text()
        )
    reporter.tell(
        "provisioned",
        controller=installation.controller,
        facility=installation.facility,
        readers=[
            {"access_point": reader.access_point, "reader_id": reader.reader_id.hex()}
            for reader in installation.readers
        ],
    )
    return DONE


async def _run(config: DoorConfig, reporter: LineReporter) -> int:
    clock = _clock(config)
    if config.environment is not Environment.PRODUCTION:
        print(f"environment {config.environment}: not for real doors", file=sys.stderr)
    installation = read_installation(config)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cabinet = SimulatedCabinet(
        [reader.access_point for reader in config.readers], config.control_socket
    )
    controller = Controller(
        config,
        installation,
        cabinet,
        lambda position: BumblePeripheral(hci_opener(config.radio, position), MOST_CONNECTIONS),
        clock,
        reporter,
    )
    await _ungrouped(lambda: controller.run(stop))
    return DONE


async def _ungrouped(work: Callable[[], Awaitable[None]]) -> None:
    """Run it; of a group of failures the first goes up alone, for one sentence to be said."""
    try:
        await work()
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group


def _check_config(config: DoorConfig, reporter: LineReporter) -> int:
    _clock(config)
    is_installed = check_installed(config)
    reporter.tell("checked", controller=config.controller, installed=is_installed)
    return DONE


def _clock(config: DoorConfig) -> Clock:
    try:
        return clock_of(config.clock, config.environment)
    except ValueError as error:
        raise ConfigurationError(f"clock: {error}") from error


def _refusal_sentence(error: ServerRefused) -> str:
    if error.problem == "code-not-accepted":
        return "the code was not accepted: it is unknown, used or expired; ask for a new one"
    return f"the key server refused: {error}"


def _say(sentence: str, code: int) -> int:
    print(f"lockagent: {sentence}", file=sys.stderr)
    return code


def _version_text() -> str:
    return f"lockagent {metadata.version('bynokkel')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lockagent", description="The program of a door controller."
    )
    _add_common(parser, Path("door.toml"), False)
    common = argparse.ArgumentParser(add_help=False)
    _add_common(common, argparse.SUPPRESS, argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=_version_text())
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    installing = verbs.add_parser("provision", parents=[common], help="install this controller")
    installing.add_argument("--issuer", required=True, metavar="URL")
    installing.add_argument("--code", required=True, metavar="CODE")
    verbs.add_parser("run", parents=[common], help="decide, until SIGTERM")
    verbs.add_parser("check-config", parents=[common], help="is door.toml in order?")
    inspecting = verbs.add_parser("inspect-bundle", parents=[common], help="read a trust bundle")
    inspecting.add_argument("file", type=Path, metavar="FILE")
    journal = verbs.add_parser("journal", parents=[common], help="the door's own record")
    journal_verbs = journal.add_subparsers(dest="journal_verb", required=True, metavar="VERB")
    journal_verbs.add_parser("show", parents=[common], help="one line an entry")
    journal_verbs.add_parser("verify", parents=[common], help="recompute the chain")
    exporting = journal_verbs.add_parser("export", parents=[common], help="signed batches to FILE")
    exporting.add_argument("file", type=Path, metavar="FILE")
    return parser


def _add_common(parser: argparse.ArgumentParser, config: Path | str, as_json: bool | str) -> None:
    """The options that stand before or after the verb; a suppressed default leaves the other's."""
    parser.add_argument("--config", type=Path, default=config, metavar="FILE", help="door.toml")
    parser.add_argument("--json", action="store_true", default=as_json, help="one object a line")


if __name__ == "__main__":
    sys.exit(main())
