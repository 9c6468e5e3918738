"""Writing down what happens, with the time and trust of the moment.

`record` is for what must not follow unless it is written (an opening); `note` for what has happened
anyway (a door forced open): a disk that refuses it is told, once until it writes again. Whoever
uploads waits on `has_news`.
"""

import asyncio

from lockagent.beliefs import Beliefs
from lockagent.journal import Happening, Journal, JournalUnwritable
from lockagent.protocol.access_event import EventKind, JournalEntry
from lockagent.reporting import Reporter


class Recorder:
    """The journal's pen: everything that is written goes through here."""

    def __init__(self, journal: Journal, beliefs: Beliefs, reporter: Reporter) -> None:
        """Write in `journal`, at the time of `beliefs`."""
        self._journal = journal
        self._beliefs = beliefs
        self._reporter = reporter
        self._gave_way = 0
        self.has_news = asyncio.Event()
        self.has_fault = False

    def record(self, happening: Happening) -> JournalEntry:
        """Write one entry; it is on the disk when this returns. JournalUnwritable."""
        try:
            entry = self._journal.append(self._beliefs.stamp(), happening)
        except JournalUnwritable as error:
            if not self.has_fault:
                self.has_fault = True
                self._reporter.tell("fault", detail=str(error))
            raise
        self.has_news.set()
        if self.has_fault:
            self.has_fault = False
            self._reporter.tell("fault_cleared", detail="the journal is written again")
        if self._journal.gave_way > self._gave_way:
            count, self._gave_way = self._journal.gave_way - self._gave_way, self._journal.gave_way
            self.note(Happening(EventKind.ENTRIES_GAVE_WAY, details={"entries": count}))
        return entry

    def note(self, happening: Happening) -> None:
        """Write one entry if the disk takes it."""
        try:
            self.record(happening)
        except JournalUnwritable:
            return  # told by `record`
