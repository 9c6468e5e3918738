"""A small town: a key server, a radio, three door controllers and phones, each its own process.

The town does what an installer and residents do, through the programs' own commands; it writes no
key and no database row, and imports none of the programs it starts.
"""
