"""The life of a rule: drafts, approval by effect, revisions, and what governs when.

Rules kept here (policies.md, "Life of a rule"):
- a revision is immutable and named by the hash of its documents in order and its holidays; the
  holidays are stored in it, so that no library upgrade changes a published rule;
- a draft says what it was built on, and is published on that and on nothing else: whatever was
  shown of its effect would not be its effect any more;
- approval is asked by effect, not by kind of edit: somebody gains at a sensitive place, or more
  than `APPROVED_ABOVE` people gain anywhere, by whatever edit or hand-made fact they do. The very
  first revision has nothing before it to gain upon, and needs none;
- the author of a draft approves nothing of it; an approval is of the effect that was shown, and
  does not hold for another;
- a revision governs from its instant on, never from the past; the newest that has begun governs,
  so what is published later also replaces what was to come;
- the way back is a new revision with the content of an old one, by the same rules.

What a draft changes is `policies.analysis.impact`'s to count; who is asking, and storing it, are
the key server's. Pure.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Generic, NewType, TypeVar

from policies.calendars import HolidayTable
from policies.discretion import shown
from policies.errors import Fault
from policies.grant import Window
from policies.model import PolicySet, Rule
from policies.places import Places
from policies.vocabulary import AccessPointNumber, FacilityId, Instant, PersonId, instant_text
from policies.windows import BEGINNING, END

RevisionNumber = NewType("RevisionNumber", int)
"""1, 2, 3 …, in the order of publication; 0 is before the first."""
DraftId = NewType("DraftId", str)

FOUNDING = RevisionNumber(0)
"""What the first draft of an installation is built on: no rule at all."""
APPROVED_ABOVE = 50
"""How many people may gain without a second pair of eyes, unless the tenant says otherwise."""
TOLERATED = 10
"""Registers change daily: an approval holds while no more than one in so many are added to it."""

T = TypeVar("T")


class NotPublishable(Exception):
    """A draft that may not be published, or not now; the sentence says what it would take."""


class NeedsApproval(NotPublishable):
    """A draft whose effect somebody else than its author has to approve."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a revision says: documents by name, in order, and the holidays they are read with."""

    documents: tuple[tuple[str, str], ...]
    holidays: HolidayTable

    @property
    def sha256(self) -> bytes:
        """Over names, texts and holidays, each behind its length as 8 bytes, big end first."""
        digest = hashlib.sha256(b"bynokkel revision 1")
        parts = [part for pair in self.documents for part in pair]
        for part in (*parts, holidays_text(self.holidays)):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.digest()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the documents, in order."""
        return tuple(name for name, _ in self.documents)


def content_of(documents: Mapping[str, str], holidays: HolidayTable) -> Content:
    """The content of documents by name."""
    return Content(tuple(documents.items()), holidays)


@dataclass(frozen=True, slots=True)
class Draft:
    """Content somebody wants to put in force on top of `based_on`; never edited, made anew.

    `rolled_back_to` is the revision whose content it is, where it is a way back.
    """

    id: DraftId
    content: Content
    author: str
    based_on: RevisionNumber
    made_at: Instant
    rolled_back_to: RevisionNumber | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a draft needs approval; the sentence is for staff.

    `about` says what it is about whatever the number, `people` how many gain by it.
    """

    sentence: str
    about: str
    people: int = 0

    def __str__(self) -> str:
        """As staff read it: `fewer than 3 people gain at torshov/vault, which is …`."""
        return self.sentence


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody has seen what a draft does, and said yes to these reasons."""

    by: PersonId
    at: Instant
    reasons: tuple[Reason, ...]

    def covers(self, needed: Iterable[Reason]) -> bool:
        """Whether this is what was said yes to: the same, and at most a tenth more people."""
        seen: dict[str, int] = {}
        for reason in self.reasons:
            seen[reason.about] = max(reason.people, seen.get(reason.about, 0))
        return all(
            reason.about in seen
            and reason.people <= seen[reason.about] + seen[reason.about] // TOLERATED
            for reason in needed
        )


@dataclass(frozen=True, slots=True)
class Revision:
    """Published content; it governs from `active_from` on, until a later revision does."""

    number: RevisionNumber
    content: Content
    author: str
    based_on: RevisionNumber
    rolled_back_to: RevisionNumber | None
    published_at: Instant
    active_from: Instant


@dataclass(frozen=True, slots=True)
class Gains:
    """How many people gain something: anywhere, each counted once, and at each access point.

    At the `unlocked` points a door comes to stand open, to everybody there is. Of the `locked_out`
    facilities nobody can open a door any more, where somebody could before.
    """

    people: int
    by_point: Mapping[AccessPointNumber, int]
    unlocked: frozenset[AccessPointNumber] = frozenset()
    locked_out: frozenset[FacilityId] = frozenset()


def approval_needed(
    gains: Gains, places: Places, threshold: int = APPROVED_ABOVE
) -> tuple[Reason, ...]:
    """Why these gains need a second pair of eyes, doors first; empty where they need none.

    A door that comes to stand unlocked lets more people in than any threshold; a facility that
    nobody can open any more is an error as costly, though nobody gains.
    """
    reasons = [
        Reason(f"nobody can open any door of {facility} any more", f"nobody at {facility}")
        for facility in sorted(gains.locked_out)
    ]
    for point in places.access_points:
        people = gains.by_point.get(point.number, 0)
        if point.number in gains.unlocked:
            said = f"{point.id} comes to stand unlocked, to everybody"
            reasons.append(Reason(said, f"unlocked {point.id}"))
        elif point.sensitive and people:
            said = f"{shown(people)} people gain at {point.id}, which is sensitive"
            reasons.append(Reason(said, f"sensitive {point.id}", people))
    if gains.people > threshold:
        said = f"{shown(gains.people)} people gain, which is more than {threshold}"
        reasons.append(Reason(said, "people", gains.people))
    return tuple(reasons)


def may_approve(draft: Draft, person: PersonId) -> None:
    """Return where `person` may approve the draft; NotPublishable for its author."""
    if person == draft.author:
        raise NotPublishable(f"expected another person than the author of {draft.id}, got {person}")


def publication(
    draft: Draft,
    newest: Revision | None,
    reasons: Iterable[Reason],
    approvals: Iterable[Approval],
    at: Instant,
    active_from: Instant,
) -> Revision:
    """The revision that publishing `draft` at the instant `at` makes.

    `newest` is the revision published last, `reasons` why the effect as it stands needs approval.
    Raises NeedsApproval for an effect that nobody else than the author has approved as it is;
    NotPublishable for a draft built on something older, or an instant that has passed.
    """
    number = FOUNDING if newest is None else newest.number
    if draft.based_on != number:
        raise NotPublishable(
            f"expected a draft built on revision {number}, got {draft.id} on {draft.based_on}: "
            "what it changes is not what was shown; make it anew"
        )
    if active_from < at:
        raise NotPublishable(
            f"expected an instant from {instant_text(at)} on, got {instant_text(active_from)}: "
            "what has been decided is not decided again"
        )
    needed = tuple(reasons)
    others = [approval for approval in approvals if approval.by != draft.author]
    if newest is not None and needed and not any(one.covers(needed) for one in others):
        got = "one of another effect" if others else "none"
        raise NeedsApproval(
            f"expected the approval of another person than {draft.author} for {draft.id}, got "
            f"{got}: {'; '.join(str(reason) for reason in needed)}"
        )
    return Revision(
        number=RevisionNumber(number + 1),
        content=draft.content,
        author=draft.author,
        based_on=draft.based_on,
        rolled_back_to=draft.rolled_back_to,
        published_at=at,
        active_from=active_from,
    )


def says_nothing_new(content: Content, newest: Revision | None, active_from: Instant) -> bool:
    """Whether the newest revision is these very bytes and governs by then: nothing to publish."""
    return (
        newest is not None
        and newest.content.sha256 == content.sha256
        and newest.active_from <= active_from
    )


def way_back(
    to: Revision, newest: Revision, draft: DraftId, author: str, made_at: Instant
) -> Draft:
    """The draft that puts the content of `to` in force again, holidays included."""
    return Draft(draft, to.content, author, newest.number, made_at, rolled_back_to=to.number)


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """What governs when; made by `timeline_of`.

    `turns` ascend by instant, and the first lies before every instant anybody states.
    """

    turns: tuple[tuple[Instant, T], ...]

    def in_force(self, at: Instant) -> T:
        """What governs the instant `at`."""
        return next(governs for start, governs in reversed(self.turns) if start <= at)

    def pieces(self, span: Window) -> Iterator[tuple[Window, T]]:
        """The span in pieces, in order, each with the one thing that governs all of it."""
        starts = [start for start, _ in self.turns] + [END]
        for (start, end), (_, governs) in zip(pairwise(starts), self.turns, strict=True):
            within = Window(max(start, span.start), min(end, span.end))
            if within.start < within.end:
                yield within, governs

    def followed_by(self, active_from: Instant, governs: T) -> "Timeline[T]":
        """The timeline once `governs` is published: for good from its instant on."""
        kept = tuple(turn for turn in self.turns if turn[0] < active_from)
        return Timeline((*kept, (active_from, governs)))

    def from_instant(self, at: Instant) -> "Timeline[T]":
        """The timeline without what has governed before `at`: what does now, always has."""
        begun = sum(start <= at for start, _ in self.turns)
        return Timeline(((BEGINNING, self.turns[begun - 1][1]), *self.turns[begun:]))

    def next_turn(self, at: Instant) -> Instant | None:
        """The first instant after `at` from which something else governs."""
        return next((start for start, _ in self.turns if start > at), None)


def timeline_of(before: T, published: Iterable[tuple[Instant, T]]) -> Timeline[T]:
    """What governs when, of things in the order they were published, each with its instant.

    What is published later governs from its own instant on for good: what was to begin after that
    never does. `before` governs where nothing published has begun.
    """
    timeline = Timeline(((BEGINNING, before),))
    for active_from, governs in published:
        timeline = timeline.followed_by(active_from, governs)
    return timeline


def unenforced(policies: PolicySet) -> tuple[Fault, ...]:
    """Every key of a rule that no part of the system enforces yet, by name.

    The language has them and the programs explain them; to publish them would promise what no
    door does.
    """
    return tuple(
        Fault(
            document.file,
            rule.line,
            f"policies[{position}].{key}",
            f"{key.rpartition('.')[2]} is not enforced by this version",
        )
        for document in policies.documents
        for position, rule in enumerate(document.rules)
        for key in _unenforced_keys(rule)
    )


def _unenforced_keys(rule: Rule) -> Iterator[str]:
    if rule.limits is not None and rule.limits.inside is not None:
        yield "limits.inside"
    if rule.manner.two_people_seconds is not None:
        yield "with.two-people"
    if rule.manner.share is not None:
        yield "with.share"


def reasons_text(reasons: Iterable[Reason]) -> str:
    """The reasons of an approval as they are kept: JSON."""
    return json.dumps([[one.sentence, one.about, one.people] for one in reasons])


def reasons_of(text: str) -> tuple[Reason, ...]:
    """The reasons that `reasons_text` has written."""
    return tuple(Reason(*kept) for kept in json.loads(text))


def holidays_text(table: HolidayTable) -> str:
    """A holiday table as a revision keeps it: years and days as JSON."""
    days = sorted(day.isoformat() for day in table.days)
    return json.dumps({"first_year": table.first_year, "last_year": table.last_year, "days": days})


def holidays_of(text: str) -> HolidayTable:
    """The holiday table that a revision kept."""
    kept = json.loads(text)
    days = frozenset(date.fromisoformat(day) for day in kept["days"])
    return HolidayTable(kept["first_year"], kept["last_year"], days)
