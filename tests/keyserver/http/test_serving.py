"""Serving on a socket until told to stop: readiness, TLS, draining."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keyserver.app import serve
from keyserver.config import Listen, Tls
from keyserver.services.installation import Installation
from tests.keyserver.http.served import UPDATE, served_at, up_to_date
from tests.keyserver.town_hall import open_town_hall


@asynccontextmanager
async def serving(installation: Installation) -> AsyncIterator[tuple[Listen, asyncio.Event]]:
    """`serve` in a task; where it listens, and the event that stops it."""
    listening: asyncio.Future[Listen] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    task: asyncio.Future[None] = asyncio.ensure_future(
        serve(installation, lambda _url, listen: listening.set_result(listen), stop)
    )
    await asyncio.wait((task, listening), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield listening.result(), stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


def write_certificate(folder: Path) -> Tls:
    """A certificate for loopback that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    tls = Tls(folder / "certificate.pem", folder / "key.pem")
    tls.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    tls.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tls


async def test_readiness_is_told_with_the_port_that_listens(tmp_path: Path) -> None:
    async with open_town_hall(tmp_path) as hall:
        config = replace(hall.installation.config, listen=Listen("127.0.0.1", 0))
        async with serving(replace(hall.installation, config=config)) as (listen, _):
            assert listen.port > 0
            url = f"http://127.0.0.1:{listen.port}/health"
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                assert answer.status == 200


async def test_tls_is_spoken_where_the_config_names_a_certificate(tmp_path: Path) -> None:
    tls = write_certificate(tmp_path)
    async with open_town_hall(tmp_path) as hall:
        config = replace(hall.installation.config, listen=Listen("127.0.0.1", 0), tls=tls)
        async with serving(replace(hall.installation, config=config)) as (listen, _):
            trusting = ssl.create_default_context(cafile=tls.certificate)
            async with aiohttp.ClientSession() as http:
                url = f"https://127.0.0.1:{listen.port}/health"
                async with http.get(url, ssl=trusting) as answer:
                    assert answer.status == 200
                with pytest.raises(aiohttp.ClientError):
                    await http.get(url.replace("https", "http"))


async def test_a_port_in_use_is_the_world_s_failure(tmp_path: Path) -> None:
    async with open_town_hall(tmp_path) as hall:
        config = replace(hall.installation.config, listen=Listen("127.0.0.1", 0))
        async with serving(replace(hall.installation, config=config)) as (listen, _):
            taken = replace(hall.installation, config=replace(config, listen=listen))
            with pytest.raises(OSError, match="in use"):
                await serve(taken, lambda _url, _listen: None, asyncio.Event())


async def test_stopping_answers_a_controller_that_waits(tmp_path: Path) -> None:
    async with open_town_hall(tmp_path) as hall:
        config = replace(hall.installation.config, listen=Listen("127.0.0.1", 0))
        async with (
            serving(replace(hall.installation, config=config)) as (listen, stop),
            served_at(hall, listen.port) as served,
        ):
            controller = served.caller()
            await controller.provision()
            path = f"{UPDATE}?{await up_to_date(controller)}"
            headers = {"Host": "loopback", "Prefer": "wait=25"} | controller.proved("GET", path)
            lines = [f"GET {served.prefix}{path} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            reader, writer = await asyncio.open_connection("127.0.0.1", listen.port)
            writer.write("\r\n".join([*lines, "", ""]).encode())
            # What is sent later on another connection is read later: the first one has begun.
            await served.send("GET", "/.well-known/bynokkel")
            stop.set()
            assert b"HTTP/1.1 304" in await asyncio.wait_for(reader.readline(), 5)
            writer.close()
