"""Bad inputs and attacks, each named by its id, with the behaviour expected."""
