"""Whether a credential that is out still says only what policy says today.

"An edit or fact that takes windows away revokes the credentials that hold them" (policies.md, *Life
of a rule*). Pure: two grants and an instant in, yes or no out.

Rules kept here:
- only what is still to come counts: windows that have ended are nobody's loss;
- an action, a longer strike or an exemption must still be given; a restriction that has come in
  since (the presence button) counts as a loss, since the credential does not carry it.
"""

from collections.abc import Iterable

from policies.grant import Grant, GrantEntry, GrantFlags, Window
from policies.vocabulary import AccessPointNumber, Instant

_RIGHTS = tuple(flag for flag in GrantFlags if flag is not GrantFlags.NEEDS_PRESENCE)


def is_within(held: Grant, given: Grant | None, at: Instant) -> bool:
    """Whether everything that `held` permits from `at` on, `given` permits as well."""
    return all(
        _is_covered(window, _windows(given, point, right, entry.flags))
        for entry in held.entries
        for point in entry.points
        for right in _RIGHTS
        if entry.flags & right
        for window in _to_come(entry, at)
    )


def _to_come(entry: GrantEntry, at: Instant) -> Iterable[Window]:
    return (Window(max(start, at), end) for start, end in entry.windows if end > at)


def _windows(
    given: Grant | None, point: AccessPointNumber, right: GrantFlags, held: GrantFlags
) -> list[Window]:
    """The windows in which `right` is given at `point` under no condition that `held` lacks."""
    if given is None:
        return []
    return sorted(
        window
        for entry in given.entries_of(point)
        if entry.flags & right and not (entry.flags & ~held & GrantFlags.NEEDS_PRESENCE)
        for window in entry.windows
    )


def _is_covered(wanted: Window, windows: list[Window]) -> bool:
    """Whether ascending windows, which may overlap, leave no instant of `wanted` out."""
    covered_to = wanted.start
    for start, end in windows:
        if start > covered_to:
            break
        covered_to = max(covered_to, end)
    return covered_to >= wanted.end
