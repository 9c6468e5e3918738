"""Day lists that end are told in time: 60 days ahead, and after."""

from datetime import date

import pytest

from policies.documents.upkeep import lapsing_day_lists
from tests.policies import written

LISTED = {"breaks": {"covers": "2026-08-01..2026-12-31", "on": ["2026-10-05"]}}


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2026, 10, 31), None),
        (date(2026, 11, 1), "ends with 2026-12-31"),
        (date(2026, 12, 31), "ends with 2026-12-31"),
        (date(2027, 1, 1), "ended with 2026-12-31"),
    ],
)
def test_a_day_list_is_told_from_sixty_days_before_its_end(today: date, says: str | None) -> None:
    policies = written.policies(written.document(written.rule(allow="anyone"), days=LISTED))
    warnings = lapsing_day_lists(policies, today)
    assert len(warnings) == (0 if says is None else 1)
    for warning in warnings:
        assert (warning.file, warning.line, warning.path) == ("0.yaml", 1, "days.breaks")
        assert says is not None
        assert says in warning.sentence
