"""What a running server keeps up by itself: bundles, reader certificates, unlock schedules.

Rules kept here:
- a bundle is signed anew at least daily, whether or not it says anything else;
- a reader certificate with half of its life left is renewed, and the bundle signed with it tells
  its controller that there is one to fetch;
- an unlock schedule reaches as far ahead as it may, every day; openings that no rule counts any
  more are forgotten.
"""

import asyncio
import logging
from functools import partial

import sqlalchemy as sa

from keyserver.errors import IssuanceFault, SignerUnavailable, StoreUnavailable
from keyserver.services.authority import Authority
from keyserver.services.doors.bundles import newest_bundle, renew_all_bundles, renew_bundle
from keyserver.services.doors.openings import forget_openings
from keyserver.services.doors.readers import certify_reader, readers_to_renew
from keyserver.services.doors.settings import renew_all_settings
from keyserver.services.people.registers import RegisterCache
from keyserver.storage.store import Store
from lockagent.protocol.time_source import Clock, instant_of
from lockagent.protocol.trust_bundle import TrustVersion
from policies.errors import PolicyError
from policies.vocabulary import Instant

LOOK_EVERY_SECONDS = 600

_LOG = logging.getLogger(__name__)


def renew_due(
    connection: sa.Connection, authority: Authority, registers: RegisterCache, at: Instant
) -> None:
    """Renew every certificate, bundle and schedule that is due."""
    for mounted in readers_to_renew(connection, authority.tenant, at):
        version, _ = newest_bundle(connection, authority.tenant, mounted.facility)
        announced = TrustVersion(version.root, version.counter + 1)
        certify_reader(connection, authority, mounted, announced, at)
        renew_bundle(connection, authority, mounted.facility, at, at_any_rate=True)
    renew_all_bundles(connection, authority, at)
    known = registers.read(connection, at)
    if known is not None:
        renew_all_settings(connection, authority, known, at)
    forget_openings(connection, authority.tenant, at)


async def keep_renewing(
    store: Store, authority: Authority, registers: RegisterCache, clock: Clock
) -> None:
    """`renew_due` now and every ten minutes, until cancelled."""
    while True:
        try:
            at = instant_of(clock)
            await store.read(
                partial(registers.read, at=at)
            )  # Parses what is newer, without a lock.
            await store.write(partial(renew_due, authority=authority, registers=registers, at=at))
        except (StoreUnavailable, SignerUnavailable, IssuanceFault, PolicyError) as error:
            _LOG.error("what doors of %s go by not renewed: %s", authority.tenant, error)
        await asyncio.sleep(LOOK_EVERY_SECONDS)
