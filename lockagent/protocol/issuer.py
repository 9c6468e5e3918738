"""The issuer: the one URL that phones and doors keep of a key server, `https://HOST/t/TENANT`.

It is compared byte for byte wherever it travels (`iss` and `aud` of proofs, interfaces.md 2). Rules
kept here:
- one spelling: scheme, host and port, `/t/`, a tenant; no user, query, fragment or last slash;
- HTTPS anywhere; plain HTTP to this machine only, and in development only;
- no sentence repeats what was given: a URL may carry a password.
"""

import ipaddress
import re
from dataclasses import dataclass

from policies.vocabulary import Environment, TenantId, is_short_id

_SERVER = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_MOST_PORT = 65_535
_TENANT_PATH = "/t/"


@dataclass(frozen=True, slots=True)
class Issuer:
    """One municipality at one key server; `url` is the whole, its tenant included."""

    url: str
    tenant: TenantId


def parse_issuer(text: str, environment: Environment) -> Issuer:
    """Read `https://HOST/t/TENANT`; ValueError for another text, or HTTP not allowed here."""
    server, path, tenant = text.rpartition(_TENANT_PATH)
    if not path or not is_short_id(tenant) or _SERVER.fullmatch(server) is None:
        raise ValueError("expected https://HOST/t/TENANT, got another form")
    parse_server_url(server, environment)
    return Issuer(text, TenantId(tenant))


def parse_server_url(text: str, environment: Environment) -> str:
    """Read `https://HOST`, what comes before `/t/TENANT`; ValueError as `parse_issuer`."""
    found = _SERVER.fullmatch(text)
    if found is None:
        raise ValueError("expected a URL such as https://keys.example.no, got another form")
    scheme, host, port = found.groups()
    if port is not None and int(port) > _MOST_PORT:
        raise ValueError(f"expected a port of at most {_MOST_PORT}, got {port}")
    if scheme == "http":
        if environment is not Environment.DEVELOPMENT:
            raise ValueError(f"expected https in environment {environment}, got http")
        if not is_loopback(host):
            raise ValueError("expected https, or http to loopback, got http to another host")
    return text


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address with or without brackets, is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
