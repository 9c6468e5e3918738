"""The grant across the instant at which one revision takes over from another.

Rules kept here (policies.md, "Life of a rule"): a revision published from T governs instants from T
on. So a grant over a span that has T inside holds what the old rules give up to T, and what the new
ones give after it; a rule's `life` counts from the start of the span in both.

What each revision gives is `policies.granting`, which governs when `policies.revisions`. Pure.
"""

from policies.circumstances import Circumstances
from policies.grant import Grant, GrantFlags, Window
from policies.granting import EntryContent, GrantResult, grant_for, grant_of
from policies.model import PolicySet, Subject
from policies.revisions import Timeline
from policies.vocabulary import AccessPointNumber, FacilityId
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


def _joined(grants: list[tuple[Window, Grant]]) -> Grant | None:
    """Each grant within its piece, put together; access points that share windows share entries."""
    held: dict[tuple[AccessPointNumber, GrantFlags], Windows] = {}
    for piece, grant in grants:
        for entry in grant.entries:
            windows = clip(entry.windows, piece)
            for point in entry.points:
                of = point, entry.flags
                held[of] = union(held.get(of, ()), windows)
    by_content: dict[EntryContent, list[AccessPointNumber]] = {}
    for (point, flags), windows in held.items():
        if windows:
            by_content.setdefault((windows, flags), []).append(point)
    return grant_of(by_content)
