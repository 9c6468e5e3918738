"""Tests of the HTTP edge, against the real application over a real SQLite file."""
