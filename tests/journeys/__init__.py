"""Whole ways through the programs, as a person would go them."""
