"""The house rules of the code, as tests."""
