"""The HTTP edge of the key server: who calls, what they may send, how answers and errors look."""
