"""Does a door stand unlocked now? SPEC.md 8.4.

An unlock schedule opens to everyone, so it asks for no less than a credential does. Rules kept
here: nothing in lockdown, nothing without settings, nothing unless trust is fresh enough and time
narrow enough for this access point (60 s and full policy where it is sensitive); the instant that
counts is hi. Pure.
"""

from lockagent.clock import Reading, widest_seconds
from lockagent.protocol.door_settings import PointSettings
from lockagent.protocol.trust import Freshness, TrustState


def stands_unlocked(settings: PointSettings | None, trust: TrustState, reading: Reading) -> bool:
    """Whether an unlock window of the access point holds now, and may be relied upon."""
    if settings is None or reading.hi is None or trust.lockdown:
        return False
    freshness = trust.freshness(reading.hi)
    if freshness is Freshness.EXPIRED or not reading.is_narrow(widest_seconds(settings.sensitive)):
        return False
    if settings.sensitive and freshness is Freshness.DEGRADED:
        return False
    return any(start <= reading.hi < end for start, end in settings.unlock_windows)
