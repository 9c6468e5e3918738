"""The door's program: it checks credentials offline and releases the strike."""
