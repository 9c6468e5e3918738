"""Grants and keyrings across the instant at which one revision takes over from another.

Rules kept here (policies.md, "Life of a rule"): a revision published from T governs instants from T
on.
- So a grant over a span that has T inside holds what the old rules give up to T, and what the new
  ones give after it; a rule's `life` counts from the start of the span in both.
- A keyring tells why a point is closed now by the rules of now, and when it opens by the rules of
  then.

What each revision gives is `policies.granting`, which governs when `policies.revisions`. Pure.
"""

from collections.abc import Mapping
from dataclasses import replace

from policies.circumstances import Circumstances
from policies.explanation.explaining import Outlook
from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.granting import GrantResult, grant_for
from policies.keyring import SHOWN_AHEAD_SECONDS, ShownPoint, is_soon, keyring_of
from policies.model import PolicySet, Subject
from policies.revisions import Timeline
from policies.vocabulary import AccessPointNumber, FacilityId, Instant
from policies.windows import Windows, clip, union


def grant_over(
    timeline: Timeline[PolicySet],
    subject: Subject,
    facility: FacilityId,
    span: Window,
    *,
    access_point: AccessPointNumber | None = None,
    circumstances: Circumstances | None = None,
) -> GrantResult:
    """The grant of `subject` at `facility` within `span`, by whatever governs each of its instants.

    As `policies.granting.grant_for`, for several revisions; ValueError likewise.
    """
    told = [
        (
            piece,
            grant_for(
                policies,
                subject,
                facility,
                span,
                access_point=access_point,
                circumstances=circumstances,
            ),
        )
        for piece, policies in timeline.pieces(span)
    ]
    if len(told) == 1:
        return told[0][1]
    limited = {rule.name: rule for _, result in told for rule in result.limited}
    return GrantResult(
        grant=_joined([(piece, result.grant) for piece, result in told if result.grant]),
        life_seconds=max(result.life_seconds for _, result in told),
        on_the_way=tuple(sorted({point for _, result in told for point in result.on_the_way})),
        limited=tuple(limited.values()),
    )


def keyring_over(
    timeline: Timeline[PolicySet],
    subject: Subject,
    at: Instant,
    switches: Mapping[str, bool] | None = None,
) -> tuple[ShownPoint, ...]:
    """The access points to show `subject` at the instant `at`, by whatever governs a day ahead.

    As `policies.keyring.keyring_of`, for several revisions.
    """
    policies, turn = timeline.in_force(at), timeline.next_turn(at)
    shown = keyring_of(policies, subject, at, switches)
    if turn is None or turn >= at + SHOWN_AHEAD_SECONDS:
        return shown
    later = {
        point.access_point.number: point.explanation
        for point in keyring_over(timeline, subject, turn, switches)
    }
    by_number = {point.access_point.number: point.explanation for point in shown}
    outlook = Outlook(policies, subject, at, switches)
    told: list[ShownPoint] = []
    for point in sorted(policies.places.access_points, key=lambda point: point.id):
        now, then = by_number.get(point.number), later.get(point.number)
        if now is None and then is not None:
            now = outlook.explain(point.number, then.action)
        if now is None:
            continue
        if not now.permitted and (now.opens_at is None or now.opens_at >= turn):
            opens_at = None if then is None else turn if then.permitted else then.opens_at
            now = replace(now, opens_at=opens_at)
        if point.listed or now.permitted or is_soon(now.opens_at, at):
            told.append(ShownPoint(point, now))
    return tuple(told)


def _joined(grants: list[tuple[Window, Grant]]) -> Grant | None:
    """Each grant within its piece, put together; access points that share windows share entries."""
    held: dict[tuple[AccessPointNumber, GrantFlags], Windows] = {}
    for piece, grant in grants:
        for entry in grant.entries:
            windows = clip(entry.windows, piece)
            for point in entry.points:
                of = point, entry.flags
                held[of] = union(held.get(of, ()), windows)
    by_content: dict[tuple[Windows, GrantFlags], list[AccessPointNumber]] = {}
    for (point, flags), windows in held.items():
        if windows:
            by_content.setdefault((windows, flags), []).append(point)
    entries = tuple(
        GrantEntry(tuple(sorted(points)), windows, flags)
        for (windows, flags), points in by_content.items()
    )
    return Grant(entries) if entries else None
