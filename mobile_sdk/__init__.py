"""The phone's side: fetch credentials, find a door, present, and say why not.

The names below are the whole public interface (docs/mobile_sdk.md); everything else may change.
"""

from mobile_sdk.device_key import FileKeyStore, KeyStore
from mobile_sdk.errors import (
    DoorNotAuthentic,
    DoorNotFound,
    EnrolmentRefused,
    LinkLost,
    NokkelError,
    ServerUnavailable,
    StoreUnreadable,
)
from mobile_sdk.phone import Phone
from mobile_sdk.views import AccessPointView, Opened, RefreshReport, Refused

__all__ = [
    "AccessPointView",
    "DoorNotAuthentic",
    "DoorNotFound",
    "EnrolmentRefused",
    "FileKeyStore",
    "KeyStore",
    "LinkLost",
    "NokkelError",
    "Opened",
    "Phone",
    "RefreshReport",
    "Refused",
    "ServerUnavailable",
    "StoreUnreadable",
]
