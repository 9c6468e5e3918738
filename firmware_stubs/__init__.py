"""The hardware a door controller stands on, as interfaces and as simulations; and the town."""
