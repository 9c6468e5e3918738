"""keyserver.toml: strict, with file, line and key; and the keys it names."""

from pathlib import Path

import pytest

from keyserver.config import KeyRole, Listen, read_config
from keyserver.errors import SignerUnavailable
from keyserver.signing import open_key, write_new_key
from lockagent.protocol.configuration import ConfigurationError
from lockagent.protocol.keys import SoftwareKey
from policies.vocabulary import Environment, TenantId

GOOD = """\
environment = "development"
listen = "127.0.0.1:8080"
public_url = "http://127.0.0.1:8080"
database = "sqlite:keyserver.db"

[signers.oslo]
credential = "file:keys/credential.pem"
reader = "file:keys/reader.pem"
bundle = "file:keys/bundle.pem"
time = "file:keys/time.pem"
ack = "file:keys/ack.pem"
token = "file:keys/token.pem"
root = "file:/elsewhere/root.pem"
"""
PRODUCTION = GOOD.replace("development", "production").replace(
    "http://127.0.0.1:8080", "https://keys.example.no"
)


def _read(folder: Path, text: str) -> str:
    """What is said of a configuration that is refused."""
    path = folder / "keyserver.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        read_config(path)
    return str(refused.value).removeprefix(f"{path}:")


def test_a_good_file_is_read_into_a_value(tmp_path: Path) -> None:
    path = tmp_path / "keyserver.toml"
    path.write_text(GOOD)
    config = read_config(path)
    assert config.environment is Environment.DEVELOPMENT
    assert config.listen == Listen("127.0.0.1", 8080)
    assert config.database == tmp_path / "keyserver.db"
    assert config.issuer(TenantId("oslo")) == "http://127.0.0.1:8080/t/oslo"
    oslo = config.signers[TenantId("oslo")]
    assert oslo[KeyRole.CREDENTIAL] == f"file:{tmp_path / 'keys/credential.pem'}"
    assert oslo[KeyRole.ROOT] == "file:/elsewhere/root.pem"


def test_production_behind_a_proxy_listens_on_loopback(tmp_path: Path) -> None:
    path = tmp_path / "keyserver.toml"
    path.write_text(PRODUCTION)
    assert read_config(path).public_url == "https://keys.example.no"


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ('"development"', '"staging"', "1: environment: expected one of production, test"),
        ('"127.0.0.1:8080"\npub', '"8080"\npub', '2: listen: expected "host:port"'),
        ("listen", "lissen", "1: listen: expected this key, got none"),
        ("http://127", "http://user@127", "3: public_url: expected a URL"),
        ("http://127.0.0.1", "http://keys.no", "3: public_url: expected https, or http to loop"),
        ('8080"\ndata', '8080/x"\ndata', "3: public_url: expected a URL"),
        (
            '"127.0.0.1:8080"\npub',
            '"127.0.0.1:8080"\noperations_listen = "127.0.0.1:9"\npub',
            "3: operations_listen: not served by this version",
        ),
        ("sqlite:", "mysql:", '4: database: expected "sqlite:PATH"'),
        ("[signers.oslo]", "[signers.Oslo_]", "6: signers.Oslo_: expected a tenant of 1 to 16"),
        ('token = "file:keys/token.pem"\n', "", "6: signers.oslo.token: expected this key"),
        ("ack =", "nack =", "6: signers.oslo.ack: expected this key"),
        ("file:keys/ack.pem", "ack.pem", '11: signers.oslo.ack: expected "file:PATH"'),
        ("[signers", "extra = 1\n[signers", "6: extra: expected a known key"),
        ('"127.0.0.1:8080"\npub', '"0.0.0.0:8080"\npub', "2: listen: expected a loopback address"),
    ],
)
def test_a_fault_names_line_and_key(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    assert _read(tmp_path, GOOD.replace(good, bad, 1)).startswith(said)


def test_plain_http_is_for_development_only(tmp_path: Path) -> None:
    text = PRODUCTION.replace("https://keys.example.no", "http://127.0.0.1:8080")
    assert _read(tmp_path, text).startswith("3: public_url: expected https in environment prod")


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    text = 'tls_certificate = "c.pem"\n' + GOOD
    assert _read(tmp_path, text).startswith("1: tls_key: expected tls_certificate and tls_key")


def test_a_new_key_is_its_owners_only_and_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "token.pem"
    key = write_new_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert open_key(KeyRole.TOKEN, f"file:{path}").public == key.public
    with pytest.raises(SignerUnavailable, match="file exists"):
        write_new_key(path)
    assert open_key(KeyRole.TOKEN, f"file:{path}").public == key.public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_E15_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token.pem"
    write_new_key(path)
    path.chmod(mode)
    with pytest.raises(SignerUnavailable, match="chmod 600"):
        open_key(KeyRole.TOKEN, f"file:{path}")


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\x00" * 500])
def test_E15_a_file_that_is_no_key_is_refused_without_its_content(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "token.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SignerUnavailable, match=r"expected the token key in .* as an unencrypted"):
        open_key(KeyRole.TOKEN, f"file:{path}")


def test_E15_a_missing_key_names_role_and_file(tmp_path: Path) -> None:
    with pytest.raises(SignerUnavailable, match=r"the ack key in .*ack\.pem, got: no such file"):
        open_key(KeyRole.ACK, f"file:{tmp_path / 'ack.pem'}")


def test_a_token_by_pkcs11_is_refused_by_name() -> None:
    with pytest.raises(SignerUnavailable, match="pkcs11:, which this version cannot open"):
        open_key(KeyRole.ROOT, "pkcs11:token=oslo;object=root")


def test_a_pem_keeps_its_key() -> None:
    key = SoftwareKey.generate()
    assert SoftwareKey.from_pem(key.to_pem()).public == key.public
