"""The key server as a web application, and serving it until told to stop.

Every route of `interfaces.md` 3 marked T, the one middleware around them, and the listening socket:
TLS by the config's certificate and key, or plain on loopback, which `keyserver.config` has checked.
Nothing is read from `Host` or `X-Forwarded-*`: behind a proxy all callers share its one address,
and how often and how much each of them may send is the proxy's to bound.
"""

import asyncio
import ssl
from collections.abc import Callable

from aiohttp import web

from keyserver.config import Listen, Tls
from keyserver.http.about_routes import AboutRoutes
from keyserver.http.callers import ADDRESS_RATE, CLIENT_RATE, Callers
from keyserver.http.connections import MOST_OF_ONE_ADDRESS, Bounds, EdgeRunner
from keyserver.http.controller_routes import ControllerRoutes
from keyserver.http.edge import edge_of
from keyserver.http.enrolment_routes import EnrolmentRoutes
from keyserver.http.limits import Rate
from keyserver.http.phone_routes import PhoneRoutes
from keyserver.http.token_route import TokenRoute
from keyserver.services.installation import Installation

DRAIN_SECONDS = 10.0


def create_app(
    installation: Installation, address_rate: Rate = ADDRESS_RATE, client_rate: Rate = CLIENT_RATE
) -> web.Application:
    """The application of an open installation; how often one may call can be set for a test."""
    application = web.Application(middlewares=[edge_of(installation)])
    callers = Callers(installation, address_rate, client_rate)
    for routes in (
        AboutRoutes(installation, callers),
        TokenRoute(callers),
        EnrolmentRoutes(callers),
        PhoneRoutes(callers),
        ControllerRoutes(installation, callers),
    ):
        routes.add_to(application)
    return application


def runner_of(application: web.Application, bounds: Bounds | None = None) -> web.AppRunner:
    """What runs an application; what a connection may take can be set for a test."""
    return EdgeRunner(application, bounds or Bounds(), DRAIN_SECONDS)


async def serve(
    installation: Installation,
    ready: Callable[[str, Listen], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set, then answer what is under way, for at most 10 s.

    `ready` is told the public URL and where the socket listens once it does. OSError where it
    cannot; SSLError, which is one, where the certificate and key do not fit.
    """
    config = installation.config
    # Without TLS every connection is this machine's own, a proxy's: its address tells nothing.
    most_of_one = None if config.tls is None else MOST_OF_ONE_ADDRESS
    runner = runner_of(create_app(installation), Bounds(most_of_one_address=most_of_one))
    await runner.setup()
    try:
        site = web.TCPSite(
            runner,
            config.listen.host,
            config.listen.port,
            ssl_context=None if config.tls is None else _tls_context(config.tls),
        )
        await site.start()
        host, port = runner.addresses[0][:2]
        ready(config.public_url, Listen(host, port))
        await stop.wait()
        installation.changes.close()
    finally:
        await runner.cleanup()


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.certificate, tls.key)
    return context
