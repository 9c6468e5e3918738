"""`nokkel`: a phone in a terminal. enrol, keys, open, watch, forget (interfaces.md 7).

With `--json` standard output has one object a line and nothing else; without it, one friendly
sentence, and progress on standard error. Exit: 0 done or opened, 1 the answer is no, 2 a wrong
command or a phone that is not enrolled, 3 the world failed (server, radio, door).

One process at a time uses a home; `watch` lets others in between its refreshes.
"""

import argparse
import asyncio
import io
import logging
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from mobile_sdk.device_key import FileKeyStore
from mobile_sdk.enrolment import load_enrolment
from mobile_sdk.errors import (
    EnrolmentRefused,
    NokkelError,
    ServerUnavailable,
    StoreUnreadable,
)
from mobile_sdk.link import Radio
from mobile_sdk.phone import FIND_SECONDS, Phone
from mobile_sdk.server import ServerRefused
from mobile_sdk.speaking import Speaker
from mobile_sdk.views import Opened
from mobile_sdk.watching import watch
from mobile_sdk.wording import (
    ENROLLED,
    ERROR_SAYS,
    FORGOTTEN,
    NO_KEYS,
    OPENED,
    PROGRESS_SAYS,
)
from policies.telling.language import Language
from policies.vocabulary import Environment, instant_text

DONE, NO, WRONG, WORLD = 0, 1, 2, 3

MOST_FIND_SECONDS = 600

_VIRTUAL = "virtual:"
_ABOUT_PHONE = {"phone-unknown": "PhoneUnknown", "phone-clock": "PhoneClockWrong"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows another
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # why: nobody reads on (`nokkel keys | head -1`), and the interpreter would flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = WORLD
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code. SystemExit (2) for a wrong command, with usage.

    BrokenPipeError where whoever reads standard output has gone.
    """
    options = _parser().parse_args(arguments)
    speaker = Speaker(Language(options.lang), is_json=options.json)
    store = FileKeyStore(options.home)
    verbs = {"enrol": _enrol, "keys": _keys, "open": _open, "watch": _watch, "forget": _forget}
    try:
        return asyncio.run(verbs[options.verb](store, options, speaker))
    except KeyboardInterrupt:
        speaker.failed("Interrupted", "expected to come to an end, got interrupted")
        return WORLD
    except BrokenPipeError:
        raise
    except NokkelError as error:
        speaker.failed(_name_of(error), str(error))
        return _code_of(error)
    except OSError as error:
        reason = (error.strerror or "an error of the system").lower()
        speaker.failed(None, f"expected to use {error.filename or 'the system'}, got: {reason}")
        return WRONG
    except ValueError as error:
        speaker.failed(None, str(error))
        return WRONG


async def _enrol(store: FileKeyStore, options: argparse.Namespace, speaker: Speaker) -> int:
    with store.alone():
        phone = await Phone.enrol(
            options.url,
            options.code,
            store,
            name=options.name,
            clock=options.clock,
            language=options.lang,
        )
        enrolment = load_enrolment(store)
        speaker.say(ENROLLED)
        speaker.tell("enrolled", issuer=enrolment.issuer.url, device=enrolment.device)
        try:
            speaker.refreshed(await phone.refresh())
        except ServerUnavailable as error:
            speaker.failed(_name_of(error), str(error), is_end=False)
    return DONE


async def _keys(store: FileKeyStore, options: argparse.Namespace, speaker: Speaker) -> int:
    code = DONE
    with store.alone():
        phone = Phone.load(store, clock=options.clock, language=options.lang)
        if options.refresh:
            try:
                speaker.refreshed(await phone.refresh())
            except ServerUnavailable as error:
                speaker.failed(_name_of(error), str(error), is_end=False)
                code = _code_of(error)
        views = phone.access_points()
    for view in views:
        speaker.access_point(view)
    if not views and code != NO:
        speaker.say(NO_KEYS)
    speaker.tell("keys", count=len(views))
    return code


async def _open(store: FileKeyStore, options: argparse.Namespace, speaker: Speaker) -> int:
    with store.alone():
        environment = load_enrolment(store).environment
        radio = await _open_radio(options.radio, environment, options.home)
        phone = Phone.load(store, radio=radio, clock=options.clock, language=options.lang)
        started = time.monotonic()

        def progress(step: str) -> None:
            speaker.tell(step, monotonic_ns=time.monotonic_ns())
            speaker.say(PROGRESS_SAYS[step], is_progress=True)

        try:
            outcome = await phone.open(
                options.access_point,
                extended=options.extended,
                progress=progress,
                timeout=options.timeout,
            )
            elapsed_ms = outcome.elapsed_ms or round((time.monotonic() - started) * 1000)
            if isinstance(outcome, Opened):
                speaker.say(OPENED, seconds=outcome.strike_seconds)
                speaker.tell(
                    "opened",
                    access_point=options.access_point,
                    strike_seconds=outcome.strike_seconds,
                    attempt=outcome.attempt.hex(),
                    elapsed_ms=elapsed_ms,
                )
                return DONE
            speaker.print(outcome.sentence)
            speaker.tell(
                "refused",
                access_point=options.access_point,
                by=outcome.by,
                reason=outcome.reason,
                why=list(outcome.why),
                sentence=outcome.sentence,
                opens_at=None if outcome.opens_at is None else instant_text(outcome.opens_at),
                attempt=outcome.attempt.hex(),
                elapsed_ms=elapsed_ms,
            )
            return NO
        finally:
            await phone.close()


async def _watch(store: FileKeyStore, options: argparse.Namespace, speaker: Speaker) -> int:
    await watch(store, options.clock, Language(options.lang), speaker)
    return DONE


async def _forget(store: FileKeyStore, _: argparse.Namespace, speaker: Speaker) -> int:
    with store.alone():
        store.clear()
    speaker.say(FORGOTTEN)
    speaker.tell("forgotten")
    return DONE


async def _open_radio(setting: str, environment: Environment, home: Path) -> Radio | None:
    """The radio of `--radio`; None for the system's, which the phone opens where it needs it."""
    if setting == "system":
        return None
    socket = setting.removeprefix(_VIRTUAL)
    if not setting.startswith(_VIRTUAL) or not socket:
        raise ValueError(f"expected --radio system or virtual:SOCKET, got {setting}")
    if environment is not Environment.DEVELOPMENT:
        raise ValueError(f"expected --radio system in environment {environment}, got virtual")
    # why: bumble logs a traceback for every command that an interrupt cuts short
    logging.getLogger("bumble").addHandler(logging.NullHandler())
    # why: the virtual radio stands on bumble, which a phone does not install
    from mobile_sdk.virtual_bleak import open_virtual_radio
    from mobile_sdk.virtual_gatt import GattCache

    return await open_virtual_radio(socket, GattCache(home / "gatt.json"))


def _name_of(error: NokkelError) -> str:
    """The name under which `wording` has a sentence for the error."""
    if isinstance(error, ServerRefused) and error.about_phone is not None:
        return _ABOUT_PHONE[error.about_phone]
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__name__ in ERROR_SAYS)


def _code_of(error: NokkelError) -> int:
    match error:
        case EnrolmentRefused() | ServerRefused(about_phone="phone-unknown"):
            return NO
        case StoreUnreadable():
            return WRONG
        case _:
            return WORLD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nokkel", description="A phone in a terminal.")
    parser.add_argument("--version", action="version", version=f"nokkel {version('bynokkel')}")
    home = os.environ.get("NOKKEL_HOME") or Path.home() / ".nokkel"
    _add_common(parser, Path(home), "nb", "system", is_json=False)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, explained: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=explained, description=explained)
        unsaid = argparse.SUPPRESS
        _add_common(sub, unsaid, unsaid, unsaid, is_json=unsaid)
        return sub

    enrol = verb("enrol", "make this phone yours, with a code from the municipality")
    enrol.add_argument("url", metavar="URL", help="the issuer, such as https://HOST/t/oslo")
    enrol.add_argument("code", metavar="CODE", help="such as 7KQ2-M9XD-4TPA")
    enrol.add_argument("--name", default="nokkel", help="what you call this phone")
    keys = verb("keys", "show the doors that concern you")
    keys.add_argument("--refresh", action="store_true", help="fetch fresh keys first")
    opening = verb("open", "open a door")
    opening.add_argument("access_point", metavar="ACCESS_POINT")
    opening.add_argument("--extended", action="store_true", help="ask for a longer time")
    opening.add_argument(
        "--timeout", type=_seconds, default=FIND_SECONDS, help="seconds to look for the door"
    )
    verb("watch", "keep the keys fresh until stopped")
    verb("forget", "delete everything from this phone")
    return parser


def _add_common(
    parser: argparse.ArgumentParser, home: object, lang: str, system: str, *, is_json: object
) -> None:
    """The options of every verb, which may stand before it or after."""
    parser.add_argument("--home", type=Path, default=home, help="where the phone keeps its things")
    parser.add_argument(
        "--lang",
        choices=[str(one) for one in Language],
        default=lang,
        help="what is said to you: Bokmål (nb), Nynorsk (nn), Northern Sámi (se), English (en)",
    )
    parser.add_argument("--radio", default=system, help="system, or virtual:SOCKET")
    parser.add_argument("--clock", default=system, help="system, or town:PATH in development")
    parser.add_argument("--json", action="store_true", default=is_json, help="one object a line")


def _seconds(text: str) -> float:
    expected = f"expected seconds above 0 and up to {MOST_FIND_SECONDS}, got {text!r}"
    try:
        seconds = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(expected) from error
    if not 0 < seconds <= MOST_FIND_SECONDS:
        raise argparse.ArgumentTypeError(expected)
    return seconds


if __name__ == "__main__":
    main()
