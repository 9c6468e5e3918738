"""Issuing credentials and taking them back: from a request to bytes that doors accept."""
