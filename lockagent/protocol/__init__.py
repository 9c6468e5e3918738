"""The bytes and proofs phone, door and server agree on; `SPEC.md` here is normative."""
