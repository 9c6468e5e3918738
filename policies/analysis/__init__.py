"""Answers over the whole population at once: who, what, the impact of an edit, and the checks."""
