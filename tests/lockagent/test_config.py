"""door.toml: what it may say, and that every fault names file, line and key."""

from pathlib import Path

import pytest

from lockagent.config import DoorConfig, read_config
from lockagent.protocol.configuration import ConfigurationError
from policies.vocabulary import Environment

GOOD = """\
controller = "torshov-cabinet"
issuer = "https://keys.example/t/oslo"
environment = "test"
state_directory = "state"
agent_key = "keys/agent.pem"
radio = "unix:radio.sock"
hardware = "simulated:door.sock"
[[reader]]
access_point = "torshov/entrance/main"
key = "keys/main.pem"
[[reader]]
access_point = "torshov/entrance/side"
key = "keys/side.pem"
"""


def read(tmp_path: Path, text: str) -> DoorConfig:
    path = tmp_path / "door.toml"
    path.write_text(text)
    return read_config(path)


def test_a_config_is_read_into_one_value(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert config.tenant == "oslo"
    assert config.environment is Environment.TEST
    assert config.radio == f"unix:{tmp_path}/radio.sock"
    assert config.control_socket == tmp_path / "door.sock"
    assert (config.clock, config.trusted_rtc, config.drift_ppm) == ("system", False, 20)
    assert [reader.key for reader in config.readers] == [
        tmp_path / "keys/main.pem",
        tmp_path / "keys/side.pem",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"test"', '"staging"', 3, "environment: expected one of production, test, development"),
        ("https://keys.example/t/oslo", "https://keys.example/oslo", 2, "issuer: expected https"),
        ("https://keys.example/t/oslo", "http://keys.example/t/oslo", 2, "issuer: expected https"),
        ("https://keys.example/t/oslo", "http://127.0.0.1:8/t/oslo", 2, "issuer: expected https"),
        ("unix:radio.sock", "bluetooth", 6, "radio: expected usb:N"),
        ("simulated:door.sock", "gpio:17", 7, "drives no gpio"),
        ("simulated:door.sock", "relay", 7, "hardware: expected simulated:SOCKET"),
        ('agent_key = "keys/agent.pem"', "agent_key = 5", 5, "agent_key: expected a text"),
        ('controller = "torshov-cabinet"', 'controler = "x"', 1, "controller: expected this key"),
        ("[[reader]]", "drift_ppm = 1001\n[[reader]]", 8, "drift_ppm: expected a whole number"),
        ("[[reader]]", 'clock = "town:c.json"\n[[reader]]', 8, "clock: expected a town's clock"),
        ("[[reader]]", "colour = 1\n[[reader]]", 8, "colour: expected a known key"),
        ("torshov/entrance/side", "torshov/entrance/main", 12, "expected one reader for"),
        ("torshov/entrance/side", "ekeberg/hall/2", 12, "expected all in one facility"),
        ("keys/side.pem", "keys/main.pem", 13, "expected a key of its own"),
        ("torshov/entrance/side", "Torshov/../side", 12, "access_point: expected a path"),
    ],
)
def test_a_fault_names_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    sentence = str(caught.value)
    assert sentence.startswith(f"{tmp_path}/door.toml:{line}: ")
    assert said in sentence


def test_plain_http_to_loopback_is_for_development(tmp_path: Path) -> None:
    text = GOOD.replace("https://keys.example", "http://127.0.0.1:8080")
    config = read(tmp_path, text.replace('"test"', '"development"'))
    assert config.issuer == "http://127.0.0.1:8080/t/oslo"


def test_more_than_four_readers_are_refused(tmp_path: Path) -> None:
    more = "".join(
        f'[[reader]]\naccess_point = "torshov/{n}"\nkey = "keys/{n}.pem"\n' for n in range(3)
    )
    with pytest.raises(ConfigurationError, match="expected at most 4, got 5"):
        read(tmp_path, GOOD + more)
