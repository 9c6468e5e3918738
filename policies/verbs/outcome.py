"""How a verb ends: the exit codes of interfaces.md 7, and what a verb raises to end early."""

YES, NO, WRONG, WORLD_FAILED = 0, 1, 2, 3


class WrongCommand(Exception):
    """The command cannot be carried out as given; one sentence says why."""
