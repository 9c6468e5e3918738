"""What a program that uses the SDK may have to catch. A refusal is a value, not one of these.

Each error is one sentence for a log: expected, then got; ids, never secrets.
"""


class NokkelError(Exception):
    """Anything below."""


class EnrolmentRefused(NokkelError):
    """The server did not take the code or the key; a new code is needed."""


class ServerUnavailable(NokkelError):
    """No usable answer from the key server; credentials held go on working."""


class DoorNotFound(NokkelError):
    """No reader of the access point was heard in time."""


class DoorNotAuthentic(NokkelError):
    """What answered did not prove to be a reader of the access point; nothing was shown to it."""


class LinkLost(NokkelError):
    """The connection ended before an answer came; the same attempt may be made again."""


class StoreUnreadable(NokkelError):
    """The phone's own files are missing, damaged or not its own."""
