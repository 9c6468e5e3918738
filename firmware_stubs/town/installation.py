"""What an installer and the residents do before the first door opens, by the programs' commands."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

from firmware_stubs.town.layout import (
    SITES,
    TENANT,
    ControllerSite,
    Layout,
    Resident,
    door_toml,
)
from firmware_stubs.town.processes import Answer, Event, Program, ProgramFailed, ask, say

POLICY_FILES = ("torshov.yaml", "storgata-7.yaml", "haraldrud.yaml", "pool.yaml")


class Town:
    """The running programs of one town, and the commands that act on them."""

    def __init__(self, layout: Layout) -> None:
        """A town at `layout`, nothing running yet."""
        self.layout = layout
        self.issuer = ""
        self.devices: dict[str, str] = {}
        logs = layout.state / "logs"
        self.radio = Program(
            "the radio",
            ("firmware_stubs.simulated_radio", f"unix:{layout.radio}"),
            logs / "radio.log",
        )
        self.server = Program(
            "the key server",
            ("keyserver", "--config", layout.server_config, "--json", "serve"),
            logs / "keyserver.log",
        )
        self.controllers = {
            site.controller: Program(
                f"controller {site.controller}",
                ("lockagent", "--config", layout.door_config(site.controller), "--json", "run"),
                logs / f"{site.controller}.log",
            )
            for site in SITES
        }

    async def found(self, url: str) -> None:
        """Keys, root, configuration and database; the places, people and rules of the town."""
        layout, examples = self.layout, self.layout.examples
        await ask(
            (
                *("keyserver", "--json", "init", layout.server),
                *("--tenant", TENANT, "--url", url),
                *("--environment", "development", "--clock", f"town:{layout.clock}"),
            )
        )
        await self.key_server("import", "places", examples / "places.yaml")
        await self.key_server("import", "people", examples / "people.yaml")
        await self.key_server("publish", *(examples / name for name in POLICY_FILES))

    async def key_server(self, *words: str | Path, expect: Sequence[int] = (0,)) -> Answer:
        """A verb of `keyserver`, on the database that `serve` has open."""
        return await ask(
            ("keyserver", "--config", self.layout.server_config, "--json", *words), expect
        )

    async def open_server(self) -> None:
        """Start the key server; its first `ready` line says where it listens."""
        ready = await self.server.start()
        self.issuer = f"{ready['url']}/t/{TENANT}"

    async def install(self, site: ControllerSite) -> None:
        """Give a controller its code, as an installer types it, and start it."""
        config = self.layout.door_config(site.controller)
        config.parent.mkdir(parents=True)
        config.write_text(door_toml(self.layout, site, self.issuer))
        code = (await self.key_server("controller-code", site.controller)).event("code")["code"]
        await ask(
            (
                *("lockagent", "--config", config, "--json", "provision"),
                *("--issuer", self.issuer, "--code", code),
            )
        )
        await self.controllers[site.controller].start()

    async def enrol(self, resident: Resident) -> None:
        """Give a resident a code, and let the phone use it and fetch its first keys."""
        code = (await self.key_server("enrol-code", resident.person)).event("code")["code"]
        enrolled = await self.phone(
            resident, "enrol", self.issuer, code, "--name", f"{resident.name}'s phone"
        )
        self.devices[resident.person] = enrolled.event("enrolled")["device"]

    async def phone(
        self, resident: Resident, *words: str | Path, expect: Sequence[int] = (0,)
    ) -> Answer:
        """A verb of `nokkel` on this resident's phone."""
        layout = self.layout
        return await ask(
            (
                *("mobile_sdk", "--json", "--lang", "en", "--home", layout.phone(resident.person)),
                *("--radio", f"virtual:{layout.radio}", "--clock", f"town:{layout.clock}"),
                *words,
            ),
            expect,
        )

    async def settle(self) -> None:
        """Wait until every door knows the time and whom to trust."""
        for program in self.controllers.values():
            await program.wait_for(lambda event: event.get("event") == "bundle")
            await program.wait_for(lambda event: event.get("event") == "time")

    async def lean_on(self, verb: str, access_point: str) -> Event:
        """Move a simulated door as a person would: one JSON line to its socket, one back."""
        site = site_of(access_point)
        return await say(
            self.layout.hardware(site.controller), {"verb": verb, "access_point": access_point}
        )

    async def stop(self) -> None:
        """End every program, doors first."""
        await asyncio.gather(*(program.stop() for program in self.controllers.values()))
        await self.server.stop()
        await self.radio.stop()


def site_of(access_point: str) -> ControllerSite:
    """The controller that an access point hangs on; ProgramFailed for one not in the town."""
    for site in SITES:
        if any(door.access_point == access_point for door in site.doors):
            return site
    known = ", ".join(door.access_point for site in SITES for door in site.doors)
    raise ProgramFailed(f"expected one of {known}, got {access_point!r}")


def free_loopback_url() -> str:
    """A loopback address nobody listens on: the issuer's name must be known before it serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"
