"""EDHOC (RFC 9528), sans-io: one type per state, one function per message. SPEC.md section 2.

Methods 0 to 3 and both roles, over a cipher suite and keys behind ports (`crypto`). The Initiator's
steps are in `initiator`, the Responder's in `responder`, what follows in `completed`. Refusals and
error messages are in `refusal`; what phone and door further agree on is in `profile`.

Rules kept throughout: what is hashed, MACed or verified is the bytes received; every message is
read strictly and whole; any fault of the peer's is a `ProtocolError` and ends the session; no step
takes time, randomness or a transport. Finding and judging credentials is the application's, between
parse and verify. Not spoken: plaintexts of message_2 above 8,160 bytes (appendix G), tags and
unsorted labels in ID_CRED (deterministic CBOR only, RFC 9528 9.8 permits).
"""
