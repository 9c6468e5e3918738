"""`nokkel watch`: keep the keys fresh until somebody says stop.

Rules kept here:
- a refresh is made when it is due, and not before;
- after a failure the wait doubles from 2 s to 10 min, or is as long as the server asks for;
- the home is locked for the time of a refresh only, and read anew for each, so that `nokkel open`
  may use it in between;
- SIGTERM and SIGINT end the waiting, and a refresh under way is cut short: nothing is lost by that.
"""

import asyncio
import random
import signal

from lockagent.protocol.time_source import clock_of
from mobile_sdk.device_key import FileKeyStore
from mobile_sdk.enrolment import load_enrolment
from mobile_sdk.errors import ServerUnavailable
from mobile_sdk.phone import Phone
from mobile_sdk.refreshing import back_off_seconds
from mobile_sdk.server import ServerRefused
from mobile_sdk.speaking import Speaker
from policies.telling.language import Language

LONGEST_SLEEP_SECONDS = 3600.0
"""A phone that slept through its alarm looks again within the hour."""


async def watch(
    store: FileKeyStore, clock_setting: str, language: Language, speaker: Speaker
) -> None:
    """Refresh whenever it is due, until a signal; StoreUnreadable where no phone is enrolled."""
    load_enrolment(store)
    loop = asyncio.get_running_loop()
    watching = asyncio.create_task(_refresh_for_ever(store, clock_setting, language, speaker))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, watching.cancel)
    speaker.tell("ready")
    try:
        await watching
    except asyncio.CancelledError:
        speaker.tell("stopped")
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _refresh_for_ever(
    store: FileKeyStore, clock_setting: str, language: Language, speaker: Speaker
) -> None:
    failures = 0
    while True:
        try:
            await asyncio.sleep(await _refresh_if_due(store, clock_setting, language, speaker))
            failures = 0
        except ServerUnavailable as error:
            failures += 1
            seconds = back_off_seconds(failures, random.random())
            if isinstance(error, ServerRefused) and error.retry_after_seconds is not None:
                seconds = max(seconds, float(error.retry_after_seconds))
            speaker.tell("waiting", seconds=round(seconds, 1), detail=str(error))
            await asyncio.sleep(seconds)


async def _refresh_if_due(
    store: FileKeyStore, clock_setting: str, language: Language, speaker: Speaker
) -> float:
    """Refresh where it is due; the seconds until it is due again."""
    with store.alone():
        phone = Phone.load(store, clock=clock_setting, language=language)
        clock = clock_of(clock_setting, load_enrolment(store).environment)
        due = phone.next_refresh
        if due is None or due <= clock.now():
            report = await phone.refresh()
            speaker.refreshed(report)
            due = report.next_refresh
    return min(max(due - clock.now(), 1.0), LONGEST_SLEEP_SECONDS)
