"""The story: an evening in town, from the installer's first command to the last chain.

Every act is a program run; what it came to is read from what the programs reported. Where an act
ends otherwise than the rules say, the story stops with `ProgramFailed`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from firmware_stubs.town.installation import Town, free_loopback_url, site_of
from firmware_stubs.town.layout import (
    AMUND,
    GATE,
    INGRID,
    JONAS,
    KARIM,
    LEIF,
    LIBRARY,
    LIBRARY_SIDE,
    NORA,
    RESIDENTS,
    SITES,
    SOLVEIG,
    WASTE_ROOM,
    Door,
    Resident,
)
from firmware_stubs.town.processes import Answer, Event, ProgramFailed, ask
from firmware_stubs.town.telling import Teller

HEARD_SECONDS = 40.0
GRANTED, DENIED = "access_granted", "access_denied"


@dataclass(slots=True)
class Ledger:
    """What phones and doors reported while the story went on."""

    unlock_ms: list[float] = field(default_factory=list)
    refused_by_phone: int = 0
    offline_opened: int = 0


class Story:
    """One evening."""

    def __init__(self, town: Town, teller: Teller) -> None:
        """Tell of `town`."""
        self.town = town
        self.ledger = Ledger()
        self._teller = teller
        self._server_is_down = False

    async def found(self) -> None:
        """The installer's day."""
        tell, town = self._teller, self.town
        tell.chapter("A municipality sets up its digital key")
        await town.found(free_loopback_url())
        tell.says("The key server has its keys and database, and knows places, people and rules.")
        await asyncio.gather(town.radio.start(), town.open_server())
        tell.says(f"It listens at {town.issuer}. A virtual radio stands in for the air.")
        await asyncio.gather(*(town.install(site) for site in SITES))
        for site in SITES:
            doors = ", ".join(door.access_point for door in site.doors)
            tell.says(
                f"Controller {site.controller} was provisioned with a one-time code: {doors}."
            )
        await town.settle()
        tell.chapter("Residents enrol their phones")
        for pair in zip(RESIDENTS[::2], (*RESIDENTS[1::2], None), strict=True):
            await asyncio.gather(*(town.enrol(resident) for resident in pair if resident))
            for resident in filter(None, pair):
                tell.says(f"{resident.said}, has a phone that holds keys.")

    async def evening(self) -> None:
        """Wednesday, 19:00: doors open and refuse by the rules."""
        self._teller.chapter("Wednesday 19:00: the library is in self-service, the gate is open")
        await self.opens(NORA, LIBRARY)
        await self.town.lean_on("push", LIBRARY.access_point)
        self._teller.says("Nora pushes the door; it opens, and closes behind her.")
        await self.is_refused(AMUND, LIBRARY, by="door")
        self._teller.says(
            "In staffed hours anyone may enter, so his phone holds a key for tomorrow."
        )
        await self.together((NORA, LIBRARY), (LEIF, LIBRARY))
        self._teller.says("Two phones at one door at once: each was answered for itself.")
        await self.opens(INGRID, WASTE_ROOM)
        await self.is_refused(KARIM, WASTE_ROOM, by="phone")
        await self.opens(SOLVEIG, GATE)
        await self.together((INGRID, WASTE_ROOM), (SOLVEIG, GATE))
        await self.together((JONAS, WASTE_ROOM), (LEIF, LIBRARY_SIDE))
        await self.together((NORA, LIBRARY), (SOLVEIG, GATE))

    async def offline(self) -> None:
        """The key server is stopped; the doors decide alone."""
        self._teller.chapter("The key server is stopped. The doors decide alone")
        await self.town.server.stop()
        self._server_is_down = True
        await self.together((NORA, LIBRARY), (INGRID, WASTE_ROOM))
        await self.together((SOLVEIG, GATE), (LEIF, LIBRARY))
        await self.is_refused(AMUND, LIBRARY, by="door")
        await self.is_refused(KARIM, WASTE_ROOM, by="phone")
        await self.together((NORA, LIBRARY_SIDE), (JONAS, WASTE_ROOM))
        await self.together((NORA, LIBRARY), (SOLVEIG, GATE))

    async def back(self) -> None:
        """The key server comes back, and the journals arrive."""
        self._teller.chapter("The key server is back")
        await self.town.open_server()
        self._server_is_down = False
        await self.journals_arrive()
        self._teller.says("Every door has handed in its journal.")

    async def revocation(self) -> None:
        """Leif loses his phone."""
        self._teller.chapter("Leif loses his phone, and calls the municipality")
        await self.opens(LEIF, LIBRARY)
        await self.revoke(LEIF)
        self._teller.says("The key server revoked it, and the library's controller has confirmed.")
        await self.is_refused(LEIF, LIBRARY, by="door", reason="CREDENTIAL_DISABLED")
        await self.together((NORA, LIBRARY), (INGRID, WASTE_ROOM))

    async def opens(self, resident: Resident, door: Door) -> None:
        """This resident opens this door."""
        answer = await self.town.phone(resident, "open", door.access_point, expect=(0, 1))
        event = answer.last
        if answer.code:
            raise ProgramFailed(
                f"expected {resident.name} to open {door.access_point}, got {event}"
            )
        milliseconds = await self._unlock_ms(answer.lines, door)
        self.ledger.unlock_ms.append(milliseconds)
        self.ledger.offline_opened += self._server_is_down
        self._teller.opened(resident.name, door.name, milliseconds)

    async def together(self, *acts: tuple[Resident, Door]) -> None:
        """Several phones at the same moment."""
        await asyncio.gather(*(self.opens(resident, door) for resident, door in acts))

    async def is_refused(
        self, resident: Resident, door: Door, *, by: str, reason: str | None = None
    ) -> None:
        """This resident does not get in, and is told why."""
        controller = self.town.controllers[site_of(door.access_point).controller]
        since = len(controller.events)
        answer = await self.town.phone(resident, "open", door.access_point, expect=(0, 1))
        event = answer.last
        if answer.code != 1 or event.get("event") != "refused" or event.get("by") != by:
            raise ProgramFailed(
                f"expected {resident.name} to be refused at {door.access_point} by the {by},"
                f" got {event}"
            )
        if by == "phone":
            self.ledger.refused_by_phone += 1
        else:
            denied = await controller.wait_for(_denied_at(door), since)
            if reason is not None and denied.get("reason") != reason:
                raise ProgramFailed(f"expected the door to record {reason}, got {denied}")
        self._teller.refused(resident.name, door.name, by, str(event.get("sentence", "")))

    async def revoke(self, resident: Resident) -> None:
        """Revoke this resident's keys, and wait until the library's controller has heard."""
        controller = self.town.controllers[site_of(LIBRARY.access_point).controller]
        since = len(controller.events)
        device = self.town.devices[resident.person]
        await self.town.key_server("revoke", "device", device, "--reason", "lost phone")
        await controller.wait_for(
            lambda event: event.get("event") == "bundle", since, HEARD_SECONDS
        )

    async def journals_arrive(self) -> None:
        """Wait until the server's copy of every journal has the head that the door has."""
        if not await self.heads_come_to_agree():
            raise ProgramFailed(
                f"expected every journal at the server within {HEARD_SECONDS:.0f} s"
            )

    async def heads_come_to_agree(self) -> bool:
        """Whether the heads agree soon: a door may write between two looks at its journal."""
        deadline = asyncio.get_running_loop().time() + HEARD_SECONDS
        while not await self.heads_agree():
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.5)
        return True

    async def heads_agree(self) -> bool:
        """Whether `journal verify` passes on both sides, and the heads are the same."""
        server, *doors = await asyncio.gather(
            self.town.key_server("journal", "verify", expect=(0, 1)),
            *(self._verify_at_door(site.controller) for site in SITES),
        )
        if any(answer.code for answer in (server, *doors)):
            raise ProgramFailed("expected every chain to verify, one is broken")
        chains = {line["place"]: line for line in server.lines if line.get("event") == "chain"}
        return all(
            _head(chains.get(site.controller, {})) == _head(door.event("verified"))
            for site, door in zip(SITES, doors, strict=True)
        )

    async def _verify_at_door(self, controller: str) -> Answer:
        config = self.town.layout.door_config(controller)
        return await ask(("lockagent", "--config", config, "--json", "journal", "verify"), (0, 1))

    async def _unlock_ms(self, lines: tuple[Event, ...], door: Door) -> float:
        """From the phone's `connect()` to the door's strike release, on the machine's one clock."""
        connecting = [line for line in lines if line.get("event") == "connecting"]
        attempt = lines[-1].get("attempt")
        granted = await self.town.controllers[site_of(door.access_point).controller].wait_for(
            lambda event: event.get("event") == "granted" and event.get("attempt") == attempt
        )
        elapsed_ns: int = granted["strike_monotonic_ns"] - connecting[-1]["monotonic_ns"]
        return elapsed_ns / 1e6

    async def summary(self) -> Event:
        """The last line of `--once` (interfaces.md 9), counted from what the processes reported."""
        shown = (await self.town.key_server("journal", "show")).lines
        verdicts = Counter(str(line.get("kind")) for line in shown)
        reasons = Counter(str(line["reason"]) for line in shown if line.get("kind") == DENIED)
        times = sorted(self.ledger.unlock_ms)
        return {
            "opened": verdicts[GRANTED],
            "refused": verdicts[DENIED],
            "refused_by_phone": self.ledger.refused_by_phone,
            "reasons": dict(sorted(reasons.items())),
            "offline_opened": self.ledger.offline_opened,
            "revoked_refused": reasons["CREDENTIAL_DISABLED"],
            "journal_verified": await self.heads_come_to_agree(),
            "unlock_ms": {
                "p50": round(_quantile(times, 0.50), 1),
                "p95": round(_quantile(times, 0.95), 1),
                "n": len(times),
            },
        }


def _denied_at(door: Door) -> Callable[[Event], bool]:
    return lambda event: (
        event.get("event") == "denied" and event.get("access_point") == door.access_point
    )


def _head(line: Event) -> tuple[object, object]:
    return line.get("sequence"), line.get("head")


def _quantile(ascending: list[float], share: float) -> float:
    """The nearest-rank quantile; 0 where nothing was measured."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0.0
