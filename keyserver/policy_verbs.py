"""The verbs of the life of a rule: draft, impact, approve, publish, roll-back, revisions.

Each takes an open installation's tenant and returns the exit code: 1 where the answer is no, as it
is to a draft whose effect somebody else has to approve first. What the checks find and who gains or
loses is said before anything is saved (interfaces.md 7).
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from keyserver.console import Console
from keyserver.errors import AdministratorError, StoreUnavailable, Superseded
from keyserver.services.installation import Tenant
from keyserver.services.people.effect import Effect
from keyserver.services.people.publishing import (
    ADMINISTRATOR,
    Published,
    approve,
    make_draft,
    make_way_back,
    publish_draft,
    weigh,
)
from keyserver.services.people.register_change import TIMES_PLANNED
from keyserver.services.people.revision_records import (
    RevisionHead,
    governing,
    revision_heads,
)
from keyserver.storage.store import Store
from keyserver.verbs import lost_rights, read_text, warning_event
from policies.analysis.impact import Period
from policies.analysis.occasions import Occasion
from policies.discretion import shown
from policies.errors import PolicyError
from policies.public_holidays import norwegian_holidays
from policies.revisions import (
    Draft,
    DraftId,
    NotPublishable,
    RevisionNumber,
    Timeline,
)
from policies.vocabulary import AccessPointId, AccessPointNumber, Instant, PersonId, instant_text

DONE, NO = 0, 1
IMPACT_DAYS = 7
MOST_AHEAD_SECONDS = 10 * 366 * 86_400
"""Ten years: the holidays that a revision keeps reach further."""
PATIENCE_SECONDS = 1.0
"""After this long a person is told what is under way."""
DRAFT_PREFIX = "drf_"

_OCCASIONS = {
    Occasion.FIRST_DAYS: "from the first change on",
    Occasion.PUBLIC_HOLIDAY: "on the next public holiday",
    Occasion.SEASON_CHANGE: "from the next season on",
    Occasion.CLOCK_CHANGE: "in the next night the clocks change",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a verb works: the database, the tenant, who hears of it, and when."""

    store: Store
    tenant: Tenant
    console: Console
    at: Instant


async def draft_files(desk: Desk, files: Sequence[Path], author: str) -> int:
    """`draft FILE… --by PERSON`: keep these documents, and say what they would change."""
    made = await _draft(desk, files, author)
    effect = await _weigh(desk, made.id, desk.at, IMPACT_DAYS)
    _tell_effect(desk.console, effect)
    desk.console.tell(
        {
            "event": "draft",
            "draft": made.id,
            "author": made.author,
            "based_on": made.based_on,
            "sha256": made.content.sha256.hex(),
            "documents": list(made.content.names),
            "approval_needed": [str(reason) for reason in effect.reasons],
        },
        f"draft {made.id} by {made.author} on revision {made.based_on} "
        f"({', '.join(made.content.names)}); {_needs(effect)}",
    )
    return DONE


async def show_impact(desk: Desk, draft: str, days: int, active_from: Instant | None) -> int:
    """`impact DRAFT [--days 7] [--from INSTANT]`: what it would change if it governed from then."""
    start = desk.at if active_from is None else active_from
    _tell_effect(desk.console, await _weigh(desk, DraftId(draft), start, days))
    return DONE


async def approve_draft(desk: Desk, draft: str, by: str, active_from: Instant | None) -> int:
    """`approve DRAFT --by PERSON`: keep that somebody else has seen the effect, and agrees."""
    start = desk.at if active_from is None else active_from
    effect = await _weigh(desk, DraftId(draft), start, IMPACT_DAYS)
    try:
        approvals = await approve(desk.store, desk.tenant.id, effect, PersonId(by), desk.at)
    except NotPublishable as refused:
        desk.console.fail(str(refused))
        return NO
    _tell_effect(desk.console, effect)
    desk.console.tell(
        {
            "event": "approved",
            "draft": effect.draft,
            "by": by,
            "approvals": [approval.by for approval in approvals],
        },
        f"{by} has approved {effect.draft}",
    )
    return DONE


async def publish(
    desk: Desk, given: Sequence[Path], author: str | None, active_from: Instant | None
) -> int:
    """`publish DRAFT|FILE…`: these documents, and no others, are the next revision."""
    name = _draft_named(given)
    if name is None:
        name = (await _draft(desk, given, author or ADMINISTRATOR)).id
    elif author is not None:
        raise AdministratorError("expected --by beside files, got it beside a draft, which has one")
    return await _publish(desk, name, desk.at if active_from is None else active_from)


async def roll_back(desk: Desk, to: int, author: str) -> int:
    """`roll-back REVISION`: a new revision that says again what an old one said."""
    made = await make_way_back(
        desk.store, desk.tenant.authority, RevisionNumber(to), author, desk.at
    )
    return await _publish(desk, made.id, desk.at)


async def list_revisions(desk: Desk) -> int:
    """`revisions`: all there are, and which governs when."""

    def unit(
        connection: sa.Connection,
    ) -> tuple[tuple[RevisionHead, ...], Timeline[RevisionNumber]]:
        tenant = desk.tenant.id
        return revision_heads(connection, tenant), governing(connection, tenant)

    heads, timeline = await desk.store.read(unit)
    in_force = timeline.in_force(desk.at)
    to_come = {number for start, number in timeline.turns if start > desk.at}
    governed = {number for _, number in timeline.turns}
    for head in heads:
        was_to_come = head.active_from > head.published_at
        stands = "replaced" if was_to_come and head.number not in governed else "past"
        if head.number == in_force:
            stands = "in force"
        elif head.number in to_come:
            stands = "to come"
        back = "" if head.rolled_back_to is None else f", back to {head.rolled_back_to}"
        desk.console.tell(
            {
                "event": "revision",
                "revision": head.number,
                "sha256": head.sha256.hex(),
                "author": head.author,
                "based_on": head.based_on,
                "rolled_back_to": head.rolled_back_to,
                "published": instant_text(head.published_at),
                "from": instant_text(head.active_from),
                "stands": stands,
            },
            f"{head.number}  {stands}, from {instant_text(head.active_from)}, by {head.author}"
            f"{back}  {head.sha256.hex()[:16]}",
        )
    return DONE


async def _draft(desk: Desk, files: Sequence[Path], author: str) -> Draft:
    paths = {file.name: file for file in files}
    if len(paths) != len(files):
        raise AdministratorError("expected documents of different names, got one name twice")
    documents = {name: read_text(file) for name, file in paths.items()}
    authority = desk.tenant.authority
    try:
        return await make_draft(
            desk.store, authority, documents, norwegian_holidays(), author, desk.at
        )
    except PolicyError as error:
        raise _in_files(error, paths) from error


def _in_files(error: PolicyError, paths: Mapping[str, Path]) -> PolicyError:
    """The faults with the paths that the administrator typed."""
    return PolicyError(
        replace(fault, file=str(paths.get(fault.file, fault.file))) for fault in error.faults
    )


def _draft_named(given: Sequence[Path]) -> DraftId | None:
    if len(given) == 1 and str(given[0]).startswith(DRAFT_PREFIX) and not given[0].exists():
        return DraftId(str(given[0]))
    return None


async def _weigh(desk: Desk, name: DraftId, active_from: Instant, days: int) -> Effect:
    latest = Instant(desk.at + MOST_AHEAD_SECONDS)
    if active_from > latest:
        raise AdministratorError(
            f"expected an instant before {instant_text(latest)}, got {instant_text(active_from)}"
        )
    weighing = asyncio.ensure_future(
        weigh(desk.store, desk.tenant.id, name, desk.at, active_from, days)
    )
    done, _ = await asyncio.wait((weighing,), timeout=PATIENCE_SECONDS)
    if not done:
        print("counting who gains and who loses …", file=sys.stderr, flush=True)
    return await weighing


async def _publish(desk: Desk, name: DraftId, active_from: Instant) -> int:
    try:
        done = await _publish_as_shown(desk, name, active_from)
    except NotPublishable as refused:
        desk.console.fail(str(refused))
        return NO
    since = "" if done.active_from <= desk.at else f" from {instant_text(done.active_from)} on"
    word = "published" if done.is_new else "already published:"
    desk.console.tell(
        {
            "event": "published",
            "revision": done.revision,
            "sha256": done.sha256.hex(),
            "documents": list(done.documents),
            "from": instant_text(done.active_from),
            "is_new": done.is_new,
            "revoked": done.revoked,
        },
        f"{word} revision {done.revision}{since} ({', '.join(done.documents)}); "
        f"{lost_rights(done.revoked)}",
    )
    return DONE


async def _publish_as_shown(desk: Desk, name: DraftId, active_from: Instant) -> Published:
    """Say the effect, then publish just that; say it again where the registers have changed."""
    for _ in range(TIMES_PLANNED):
        effect = await _weigh(desk, name, active_from, IMPACT_DAYS)
        _tell_effect(desk.console, effect)
        try:
            return await publish_draft(desk.store, desk.tenant.authority, effect, desk.at)
        except Superseded:
            continue
    raise StoreUnavailable("expected registers that stand still for a change, got other changes")


def _tell_effect(console: Console, effect: Effect) -> None:
    """The warnings of the checks, then who gains and loses, door by door."""
    for fault in effect.faults:
        console.tell(warning_event(fault), f"warning: {fault}")
    for finding in effect.findings:
        sentence = finding.sentence(effect.places)
        event = {"event": "warning", "check": finding.check, "detail": sentence}
        console.tell(event, f"warning: {sentence}")
    for number in effect.replaced:
        sentence = f"Revision {number}, which is to come, would never govern."
        console.tell(
            {"event": "warning", "revision": number, "detail": sentence}, f"warning: {sentence}"
        )
    told = effect.impact
    if told is None:
        return
    if told.first is None:
        nothing = {"event": "impact", "draft": effect.draft, "first": None, "occasion": None}
        console.tell(nothing | {"gaining": "0", "losing": "0"}, "nobody gains or loses anything")
    names = {point.number: point.id for point in effect.places.access_points}
    for period in told.periods:
        _tell_period(console, effect.draft, told.first, period, names)


def _tell_period(
    console: Console,
    draft: DraftId,
    first: Instant | None,
    period: Period,
    names: Mapping[AccessPointNumber, AccessPointId],
) -> None:
    doors = [
        {
            "access_point": names[door.point],
            "gaining": shown(len(door.gaining)),
            "losing": shown(len(door.losing)),
            "unlocked": bool(door.unlocked),
            "locked": bool(door.locked),
        }
        for door in period.doors
    ]
    rules = [
        {
            "document": change.rule.place,
            "rule": change.rule.rule,
            "gaining": shown(len(change.gaining)),
            "losing": shown(len(change.losing)),
        }
        for change in period.rules
    ]
    gaining, losing = shown(len(period.gaining)), shown(len(period.losing))
    start, end = instant_text(period.span.start), instant_text(period.span.end)
    lines = [f"{_OCCASIONS[period.occasion]} ({start} to {end}): {gaining} gain, {losing} lose"]
    for door in doors:
        stands = ", comes to stand unlocked" if door["unlocked"] else ""
        stands += ", stands unlocked no more" if door["locked"] else ""
        lines.append(
            f"  {door['access_point']}: {door['gaining']} gain, {door['losing']} lose{stands}"
        )
    lines += (
        f"  by {rule['rule']} of {rule['document']}: {rule['gaining']} gain, {rule['losing']} lose"
        for rule in rules
    )
    console.tell(
        {
            "event": "impact",
            "draft": draft,
            "first": None if first is None else instant_text(first),
            "occasion": period.occasion,
            "start": start,
            "end": end,
            "gaining": gaining,
            "losing": losing,
            "doors": doors,
            "rules": rules,
        },
        "\n".join(lines),
    )


def _needs(effect: Effect) -> str:
    if not effect.reasons:
        return "needs no approval"
    reasons = "; ".join(str(reason) for reason in effect.reasons)
    return f"needs the approval of another person: {reasons}"
