"""Vectors: cases with fixed keys, compiled to JSON, run by every implementation."""
