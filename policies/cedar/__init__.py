"""The rules as Cedar policies: an export for those who know it, and an oracle for the tests."""
