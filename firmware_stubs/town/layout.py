"""Where a town keeps its things, and who lives in it.

State is in one folder (`.town/`); sockets are in a fresh folder of the system's temporary
directory, because a unix socket path has at most 107 bytes. The people, places and rules are those
of `policies/examples`; what stands here is who does what in the story.
"""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

STARTS_AT = "2026-10-14T17:00:00Z"
"""A Wednesday, 19:00 in Oslo (interfaces.md 9)."""

TENANT = "oslo"
DRIFT_PPM = 20


@dataclass(frozen=True, slots=True)
class Door:
    """One access point and the controller it hangs on."""

    access_point: str
    name: str


@dataclass(frozen=True, slots=True)
class ControllerSite:
    """One door controller as the installer finds it."""

    controller: str
    doors: tuple[Door, ...]


LIBRARY = Door("torshov/entrance/main", "the library at Torshov")
LIBRARY_SIDE = Door("torshov/entrance/side", "the library's side door")
WASTE_ROOM = Door("storgata-7/waste", "the waste room of Storgata 7")
GATE = Door("haraldrud/gate/vehicles", "the recycling gate at Haraldrud")

SITES = (
    ControllerSite("torshov-1", (LIBRARY, LIBRARY_SIDE)),
    ControllerSite("storgata-7-1", (WASTE_ROOM,)),
    ControllerSite("haraldrud-1", (GATE,)),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """One person with a phone: the name in `people.yaml`, and how the story calls her."""

    person: str
    name: str
    said: str


NORA = Resident("nora", "Nora", "Nora (16), who has a library card and has accepted the terms")
AMUND = Resident("amund", "Amund", "Amund (14), who has a library card")
LEIF = Resident("leif", "Leif", "Leif, a grown-up library member")
INGRID = Resident("ingrid", "Ingrid", "Ingrid, who lives in Storgata 7")
JONAS = Resident("jonas", "Jonas", "Jonas, who lives in Storgata 7")
KARIM = Resident("karim", "Karim", "Karim, who lives elsewhere in town")
SOLVEIG = Resident("solveig", "Solveig", "Solveig, who has accepted the recycling terms")
RESIDENTS = (NORA, AMUND, LEIF, INGRID, JONAS, KARIM, SOLVEIG)


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one town."""

    state: Path
    sockets: Path
    examples: Path

    @classmethod
    def fresh(cls, state: Path, examples: Path) -> "Layout":
        """A new town in `state`, which is made anew, with a socket folder of its own."""
        state.mkdir(parents=True)
        layout = cls(state, Path(tempfile.mkdtemp(prefix="town-")), examples)
        layout.clock.write_text(
            json.dumps({"utc": STARTS_AT, "monotonic_ns": time.monotonic_ns()}) + "\n"
        )
        (state / "sockets").write_text(f"{layout.sockets}\n")
        return layout

    @classmethod
    def running(cls, state: Path, examples: Path) -> "Layout":
        """The town that runs from `state`; FileNotFoundError where none does."""
        return cls(state, Path((state / "sockets").read_text().strip()), examples)

    @property
    def clock(self) -> Path:
        """The one clock of all processes."""
        return self.state / "clock.json"

    @property
    def radio(self) -> Path:
        """The air's socket."""
        return self.sockets / "radio"

    @property
    def control(self) -> Path:
        """The director's socket, for `push`, `server stop` and their like."""
        return self.sockets / "town"

    @property
    def server(self) -> Path:
        """The key server's folder."""
        return self.state / "server"

    @property
    def server_config(self) -> Path:
        """The key server's configuration."""
        return self.server / "keyserver.toml"

    def hardware(self, controller: str) -> Path:
        """The socket of a controller's simulated doors."""
        return self.sockets / controller

    def controller(self, controller: str) -> Path:
        """A controller's folder."""
        return self.state / "controllers" / controller

    def door_config(self, controller: str) -> Path:
        """A controller's configuration."""
        return self.controller(controller) / "door.toml"

    def phone(self, person: str) -> Path:
        """A phone's home."""
        return self.state / "phones" / person


def door_toml(layout: Layout, site: ControllerSite, issuer: str) -> str:
    """What the installer writes on a controller."""
    folder = layout.controller(site.controller)
    lines = [
        f'controller = "{site.controller}"',
        f'issuer = "{issuer}"',
        'environment = "development"',
        f'state_directory = "{folder / "state"}"',
        f'agent_key = "{folder / "agent.pem"}"',
        f'radio = "unix:{layout.radio}"',
        f'hardware = "simulated:{layout.hardware(site.controller)}"',
        f'clock = "town:{layout.clock}"',
        "trusted_rtc = false",
        f"drift_ppm = {DRIFT_PPM}",
    ]
    for number, door in enumerate(site.doors, 1):
        lines += [
            "",
            "[[reader]]",
            f'access_point = "{door.access_point}"',
            f'key = "{folder / f"reader-{number}.pem"}"',
        ]
    return "\n".join(lines) + "\n"
