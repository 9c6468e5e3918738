"""Changing the air from outside: a unix socket that takes one JSON object a line, and answers each.

    {"set": "rssi_dbm", "value": -70, "address": "C0:…"}    address may be left out: everyone
    {"set": "latency_ms" | "loss" | "interval_ms", "value": 30}    interval_ms null: none
    {"break": "C0:…"}     end the links of that address, as if the two had moved apart
    {"show": "links"}

Answers are `{"ok": true, …}` or `{"ok": false, "error": "one sentence"}`. For the town and for
tests; whoever can open the socket can do all of it.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_stubs.simulated_radio.air import Air
from firmware_stubs.simulated_radio.hosting import remove_dead_socket


async def serve_control(air: Air, path: str) -> asyncio.Server:
    """Take commands for `air` at `path`."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answer(air, line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # whoever asked is gone, or sent a line without end
        finally:
            writer.close()

    remove_dead_socket(path)
    return await asyncio.start_unix_server(converse, path)


def close_control(server: asyncio.Server) -> None:
    """Take no more commands, and remove the socket file."""
    paths = [Path(one.getsockname()) for one in server.sockets]
    server.close()
    for path in paths:
        path.unlink(missing_ok=True)


def answer(air: Air, line: bytes) -> dict[str, Any]:
    """Do what one line asks for."""
    try:
        command = json.loads(line)
        if not isinstance(command, dict):
            raise ValueError(f"expected an object, got {type(command).__name__}")
        return {"ok": True} | _obey(air, command)
    except (ValueError, TypeError, KeyError) as error:
        return {"ok": False, "error": str(error)}


def _obey(air: Air, command: dict[str, Any]) -> dict[str, Any]:
    match command:
        case {"set": "rssi_dbm", "value": value, "address": str(address), **rest} if not rest:
            air.set_rssi(address, None if value is None else int(value))
        case {"set": "rssi_dbm", "value": int(value), **rest} if not rest:
            air.conditions = replace(air.conditions, rssi_dbm=value)
        case {"set": "latency_ms", "value": int(value) | float(value), **rest} if not rest:
            air.conditions = replace(air.conditions, latency_seconds=value / 1000)
        case {"set": "loss", "value": int(value) | float(value), **rest} if not rest:
            air.conditions = replace(air.conditions, loss=float(value))
        case {"set": "interval_ms", "value": None, **rest} if not rest:
            air.conditions = replace(air.conditions, interval_seconds=None)
        case {"set": "interval_ms", "value": int(value) | float(value), **rest} if not rest:
            air.conditions = replace(air.conditions, interval_seconds=value / 1000)
        case {"break": str(address), **rest} if not rest:
            return {"broken": air.break_links(address)}
        case {"show": "links", **rest} if not rest:
            return {"links": [{"central": one, "peripheral": two} for one, two in air.links()]}
        case _:
            raise ValueError("expected a command of the list, got another")
    return {}
