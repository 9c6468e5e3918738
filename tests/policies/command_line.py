"""What a command says to a person on stderr, but for what is told of work that takes long.

These machines are shared: whether reading four documents takes a second says nothing about the
code (`tests.policies.test_command_moments` has what is told then).
"""


def without_progress(said: str) -> str:
    """The lines that are not about work under way."""
    lines = said.splitlines(keepends=True)
    return "".join(line for line in lines if " ..." not in line and ": done in " not in line)
