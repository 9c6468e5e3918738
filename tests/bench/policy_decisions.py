"""What a decision costs, and all doors of one person, over 1,000 rules and 5,000 doors.

Calendars are warm: the windows of every opening in the weeks measured were asked for before.
People are cold: each is read afresh from her facts for every decision, and nothing is kept of her.
"""

from collections.abc import Sequence
from functools import partial
from random import Random

from policies.engine import decide, granted_everywhere
from policies.grant import Window
from policies.model import PolicySet, Subject
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.bench.measuring import Measure, Samples
from tests.bench.policy_town import (
    FIRST_INSTANT,
    SEED,
    WEEKS,
    PolicyTown,
    build_town,
    random_instant,
)

DECISIONS_A_ROUND = 200
ROUNDS = 100
DAY_SECONDS = 86_400


def measure() -> list[Measure]:
    """`policy_decide_us` and `policy_wallet_ms`."""
    town = build_town()
    _warm(town)
    dice = Random(SEED + 1)
    points = tuple(town.policies.rules_at)
    rules = sum(len(document.rules) for document in town.policies.documents)
    spoken = sum(len(speaking) for speaking in town.policies.rules_at.values()) / len(points)
    deciding, wallet = Samples(), Samples()
    for _ in range(ROUNDS):
        asked = [
            (dice.choice(town.people), dice.choice(points), random_instant(dice))
            for _ in range(DECISIONS_A_ROUND)
        ]
        deciding.time(partial(_decide_all, town.policies, asked))
        subject, at = dice.choice(town.people), random_instant(dice)
        span = Window(at, Instant(at + DAY_SECONDS))
        wallet.time(partial(granted_everywhere, town.policies, subject, Action.OPEN, span))
    note = f"{rules} rules, {len(points)} doors, {spoken:.1f} rules a door; people cold"
    return [
        Measure("policy_decide_us", deciding.median_us / DECISIONS_A_ROUND, 10, note),
        Measure("policy_wallet_ms", wallet.median_us / 1000, 3, "one person, every door, 24 h"),
    ]


def _decide_all(
    policies: PolicySet, asked: Sequence[tuple[Subject, AccessPointNumber, Instant]]
) -> None:
    for subject, point, at in asked:
        decide(policies, subject, point, Action.OPEN, at)


def _warm(town: PolicyTown) -> None:
    """Ask once for every day of the weeks that are measured."""
    for day in range(WEEKS * 7 + 1):
        at = Instant(FIRST_INSTANT + day * DAY_SECONDS)
        for person in town.people[:40]:
            granted_everywhere(
                town.policies, person, Action.OPEN, Window(at, Instant(at + DAY_SECONDS))
            )
