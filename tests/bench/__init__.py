"""What the project promises of cost, size and time, measured: `make bench`."""
