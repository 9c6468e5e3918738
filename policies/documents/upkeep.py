"""What staff must renew: the day lists that end, told before an opening becomes unknown.

Rule kept here (policies.md, "Which hours a day has"): a list whose days end within 60 days, or have
ended, is told by `policies check`. It is no fault: the document means what it says. Pure.
"""

from datetime import date

from policies.errors import Fault
from policies.model import NamedDayList, PolicySet

WARNED_AHEAD_DAYS = 60


def lapsing_day_lists(policies: PolicySet, today: date) -> tuple[Fault, ...]:
    """One warning for each day list that is about to end or has ended, in document order."""
    return tuple(
        Fault(document.file, listed.line, f"days.{listed.name}", _sentence(listed, today))
        for document in policies.documents
        for listed in document.day_lists
        if (listed.days.last_covered - today).days <= WARNED_AHEAD_DAYS
    )


def _sentence(listed: NamedDayList, today: date) -> str:
    last = listed.days.last_covered
    if last < today:
        return (
            f"expected days that cover {today}, got a list that ended with {last}:"
            " hours that depend on it are unknown"
        )
    return (
        f"expected days for {WARNED_AHEAD_DAYS} days more, got a list that ends with {last}:"
        " hours that depend on it are then unknown"
    )
