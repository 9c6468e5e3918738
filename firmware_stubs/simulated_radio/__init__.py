"""One air for any number of Bluetooth hosts, without hardware: `Air` and its `Conditions`.

Each host that connects to a socket of the air gets a Bluetooth LE controller of its own and speaks
HCI (H4) to it; what the controllers transmit, all of them hear. It is built on bumble's software
controller and makes good what that one leaves out (see `controller`). Radio facts come from here;
nothing in it knows doors or credentials.
"""

from firmware_stubs.simulated_radio.air import Air
from firmware_stubs.simulated_radio.conditions import Conditions

__all__ = ["Air", "Conditions"]
