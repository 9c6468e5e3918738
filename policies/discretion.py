"""How few people are told: what keeps a count from being a name.

Rules kept here (policies.md, "Life of a rule"): a count below three is shown as "fewer than 3", for
it could be somebody; none is none. A count of all people but so few is "all but fewer than 3", for
the others could be somebody as well. Pure.
"""

LEAST_SHOWN = 3
"""The smallest number of people that is told as it is."""


def shown(count: int) -> str:
    """A number of people as staff may see it."""
    return f"fewer than {LEAST_SHOWN}" if 0 < count < LEAST_SHOWN else str(count)


def shown_of(count: int, everybody: int) -> str:
    """A number of people out of `everybody`, where the others could be counted too."""
    left_out = everybody - count
    if count >= LEAST_SHOWN and 0 < left_out < LEAST_SHOWN:
        return f"all but {shown(left_out)}"
    return shown(count)
