"""Journals as doors write them, for tests that have no door: openings, and what became of them."""

from dataclasses import dataclass, field

from lockagent.protocol.access_event import (
    START,
    EventKind,
    JournalBatch,
    JournalEntry,
    JournalHead,
    encode_entry,
    entry_hash,
    sign_batch,
)
from policies.vocabulary import AccessPointNumber, Action, ControllerId, Instant
from tests.keyserver.town_hall import Door, TownHall


@dataclass(slots=True)
class Journal:
    """One controller's journal; what is written is uploaded by `send`."""

    hall: TownHall
    door: Door
    head: JournalHead = START
    entries: list[bytes] = field(default_factory=list)

    def opened(self, cti: bytes, point: AccessPointNumber, at: Instant, attempt: bytes) -> None:
        """Access granted by a credential."""
        details: dict[str, int | bool | str | bytes] = {
            "attempt": attempt,
            "action": int(Action.OPEN),
        }
        self._write(EventKind.ACCESS_GRANTED, point, at, details, cti)

    def not_taken(self, point: AccessPointNumber, at: Instant, attempt: bytes) -> None:
        """Nobody went in."""
        self._write(EventKind.ACCESS_NOT_TAKEN, point, at, {"attempt": attempt})

    async def send(self) -> None:
        """Upload everything that was ever written."""
        made = JournalBatch(ControllerId(self.door.client.id), 1, tuple(self.entries))
        signed = sign_batch(made, self.hall.tenant.realm, self.door.agent_key)
        await self.hall.tenant.journal.receive(self.door.client, signed, self.hall.at)

    def _write(
        self,
        kind: EventKind,
        point: AccessPointNumber,
        at: Instant,
        details: dict[str, int | bool | str | bytes],
        cti: bytes | None = None,
    ) -> None:
        entry = encode_entry(
            JournalEntry(
                sequence=self.head.sequence + 1,
                previous=self.head.hash,
                utc_lo=at,
                utc_hi=at,
                monotonic_ms=self.head.sequence,
                boot=1,
                kind=kind,
                point=point,
                reason=None,
                cti=cti,
                trust_version=None,
                trust_age_seconds=None,
                details=details,
            )
        )
        self.entries.append(entry)
        self.head = JournalHead(self.head.sequence + 1, entry_hash(entry))
