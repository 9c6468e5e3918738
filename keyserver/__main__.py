"""The program `keyserver`: its verbs, its exit codes, and one sentence for whatever is wrong.

Exit (interfaces.md 7): 0 done or yes · 1 the answer is no · 2 a wrong command, a missing file, a
faulty document or config · 3 the world failed (port, disk, an interrupt; it is said whether the
change was committed), or nobody reads the answers any more. `--json`, `--config` and `--tenant`
may stand before or after the verb. Without `--config` the file is `keyserver.toml` here.
"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from keyserver import inspection, policy_verbs, verbs
from keyserver.config import FILE_NAME, Config, KeyRole, read_config
from keyserver.console import Console
from keyserver.errors import (
    AdministratorError,
    Interrupted,
    IssuanceFault,
    PortUnavailable,
    SignerUnavailable,
    StoreUnavailable,
)
from keyserver.founding import Foundation, found_installation
from keyserver.services.installation import Installation, Tenant, open_installation
from keyserver.services.issuing.revocation import RevocationKind
from keyserver.services.people.codes import CODE_MINUTES
from keyserver.services.people.publishing import ADMINISTRATOR
from keyserver.serving import serve_until_stopped
from keyserver.storage.schema import bring_up_to_date
from lockagent.protocol.configuration import ConfigurationError
from lockagent.protocol.time_source import clock_of, instant_of
from policies.errors import PolicyError
from policies.vocabulary import Environment, Instant, TenantId, parse_instant

WRONG, WORLD_FAILED = 2, 3
MOST_MINUTES = 7 * 24 * 60
MOST_DAYS = 366
MOST_DIGITS = 9


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    options = _parser().parse_args(argv)
    console = Console(options.json)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="keyserver: %(levelname)s: %(message)s"
    )
    try:
        return asyncio.run(_run(options, console))
    except PolicyError as error:
        console.fail("expected documents without faults, got some", error.faults)
        return WRONG
    except (AdministratorError, ConfigurationError, SignerUnavailable) as error:
        console.fail(str(error))
        return WRONG
    except (StoreUnavailable, PortUnavailable, IssuanceFault) as error:
        console.fail(str(error))
        return WORLD_FAILED
    except BrokenPipeError:
        # Whoever read the answers has left: nothing can be said, and nothing is flushed at exit.
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return WORLD_FAILED
    except OSError as error:
        reason = (error.strerror or "an error of the system").lower()
        where = f"{error.filename}: " if error.filename else ""
        console.fail(f"{where}expected the system to allow this, got: {reason}")
        return WORLD_FAILED
    except Interrupted as error:
        console.fail(str(error))
        return WORLD_FAILED
    except KeyboardInterrupt:
        left = {"init": f"remove {getattr(options, 'folder', '')}", "migrate": "run it again"}
        console.fail(f"interrupted; {left.get(options.verb, 'nothing was changed')}")
        return WORLD_FAILED


async def _run(options: argparse.Namespace, console: Console) -> int:
    if options.verb == "init":
        return await _init(options, console)
    config = read_config(options.config)
    try:
        clock = clock_of(config.clock, config.environment)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{config.path}: clock: {error}") from error
    if not config.database.is_file():
        raise AdministratorError(
            f"expected the database {config.database}, got no such file; `keyserver init` makes one"
        )
    if options.verb == "migrate":
        schema = bring_up_to_date(config.database)
        console.tell({"event": "migrated", "schema": schema}, f"the database has schema {schema}")
        return verbs.DONE
    async with open_installation(config, clock) as installation:
        if options.verb == "serve":
            await serve_until_stopped(installation, console)
            return verbs.DONE
        tenant = _tenant(installation, options.tenant)
        try:
            return await _verb(options, installation, tenant, console)
        except asyncio.CancelledError as error:
            # The writer finishes what it has begun; only then is it known what became of it.
            installation.store.close()
            became = "was committed" if installation.store.has_written else "changed nothing"
            raise Interrupted(f"interrupted; {options.verb} {became}") from error


async def _init(options: argparse.Namespace, console: Console) -> int:
    config: Config = await found_installation(
        Foundation(
            folder=options.folder,
            tenant=options.tenant or "",
            url=options.url,
            environment=Environment(options.environment),
            clock=options.clock,
            listen=options.listen,
        )
    )
    issuer = config.issuer(TenantId(options.tenant))
    console.tell(
        {"event": "founded", "config": str(config.path), "issuer": issuer},
        f"founded {issuer} in {config.path.parent}; next: keyserver --config {config.path} "
        "import places FILE",
    )
    return verbs.DONE


async def _verb(
    options: argparse.Namespace, installation: Installation, tenant: Tenant, console: Console
) -> int:
    store = installation.store
    at = instant_of(installation.clock)
    match options.verb:
        case "import":
            return await verbs.import_file(store, tenant, console, options.kind, options.file, at)
        case "draft" | "impact" | "approve" | "publish" | "roll-back" | "revisions":
            desk = policy_verbs.Desk(store, tenant, console, at)
            return await _policy_verb(options, desk)
        case "new-issuer-key":
            return await verbs.new_issuer_key(store, tenant, console, KeyRole(options.role), at)
        case "enrol-code":
            return await verbs.enrol_code(
                store, tenant, console, options.person, options.minutes, at
            )
        case "controller-code":
            return await verbs.controller_code(
                store, tenant, console, options.controller, options.minutes, at
            )
        case "revoke":
            kind = RevocationKind(options.kind)
            return await verbs.revoke_target(
                store, tenant, console, kind, options.id, options.reason, at
            )
        case "journal":
            is_show = options.what == "show"
            run = inspection.show_journal if is_show else inspection.verify_journal
            return await run(store, tenant, console, options.controller)
        case "status":
            return await inspection.show_status(store, tenant, console, at)
    raise RuntimeError(f"expected a verb of the parser, got {options.verb}")


async def _policy_verb(options: argparse.Namespace, desk: policy_verbs.Desk) -> int:
    match options.verb:
        case "draft":
            return await policy_verbs.draft_files(desk, options.files, options.by)
        case "impact":
            return await policy_verbs.show_impact(desk, options.draft, options.days, options.start)
        case "approve":
            return await policy_verbs.approve_draft(desk, options.draft, options.by, options.start)
        case "publish":
            return await policy_verbs.publish(desk, options.given, options.by, options.start)
        case "roll-back":
            return await policy_verbs.roll_back(desk, options.revision, options.by)
    return await policy_verbs.list_revisions(desk)


def _tenant(installation: Installation, named: str | None) -> Tenant:
    tenants = installation.tenants
    if named is None:
        if len(tenants) != 1:
            raise AdministratorError(f"expected --tenant, one of {', '.join(tenants)}, got none")
        return next(iter(tenants.values()))
    tenant = tenants.get(TenantId(named))
    if tenant is None:
        raise AdministratorError(f"expected --tenant to be one of {', '.join(tenants)}, got other")
    return tenant


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="keyserver", description="Issue keys by the published policies."
    )
    parser.add_argument("--version", action="version", version=f"keyserver {version('bynokkel')}")
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    for target, default in ((parser, False), (common, argparse.SUPPRESS)):
        target.add_argument(
            "--json", action="store_true", default=default, help="one object a line on stdout"
        )
    for target, default_file in ((parser, Path(FILE_NAME)), (common, argparse.SUPPRESS)):
        target.add_argument(
            "--config", type=Path, metavar="FILE", default=default_file, help=f"({FILE_NAME})"
        )
    parser.add_argument("--tenant", metavar="ID", help="which one, where there are several")
    common.add_argument("--tenant", metavar="ID")
    verb = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    init = verb.add_parser("init", parents=[common], help="make keys, database and config")
    init.add_argument("folder", type=Path, metavar="DIR")
    init.add_argument("--url", required=True, help="what phones and doors will call")
    init.add_argument(
        "--environment",
        choices=[each.value for each in Environment],
        default=Environment.PRODUCTION.value,
    )
    init.add_argument("--clock", default="system", help='"system" or "town:PATH"')
    init.add_argument("--listen", metavar="HOST:PORT")

    verb.add_parser("migrate", parents=[common], help="bring the database to this version")
    verb.add_parser("serve", parents=[common], help="answer phones and doors")
    take = verb.add_parser("import", parents=[common], help="take a register's file")
    take.add_argument("kind", choices=("places", "people", "records"))
    take.add_argument("file", type=Path, metavar="FILE")
    _add_policy_verbs(verb, common)
    key = verb.add_parser("new-issuer-key", parents=[common], help="make and announce a key")
    key.add_argument("role", choices=[each.value for each in KeyRole], metavar="ROLE")
    for name, made_for in (("enrol-code", "person"), ("controller-code", "controller")):
        code = verb.add_parser(name, parents=[common], help=f"a code for one {made_for}")
        code.add_argument(made_for, metavar=made_for.upper())
        code.add_argument("--minutes", type=_minutes, default=CODE_MINUTES)
    take_back = verb.add_parser("revoke", parents=[common], help="no longer honour")
    take_back.add_argument("kind", choices=[each.value for each in RevocationKind])
    take_back.add_argument("id", metavar="ID")
    take_back.add_argument("--reason", required=True, metavar="TEXT")
    journal = verb.add_parser("journal", parents=[common], help="what the doors have told")
    journal.add_argument("what", choices=("show", "verify"))
    journal.add_argument("--controller", metavar="ID")
    verb.add_parser("status", parents=[common], help="revision, bundles, doors")
    return parser


def _add_policy_verbs(
    verb: "argparse._SubParsersAction[argparse.ArgumentParser]", common: argparse.ArgumentParser
) -> None:
    draft = verb.add_parser("draft", parents=[common], help="keep documents to be published")
    draft.add_argument("files", type=Path, nargs="+", metavar="FILE")
    draft.add_argument("--by", required=True, metavar="PERSON", help="who wrote them")
    impact = verb.add_parser("impact", parents=[common], help="who would gain or lose by a draft")
    impact.add_argument("draft", metavar="DRAFT")
    impact.add_argument("--days", type=_days, default=policy_verbs.IMPACT_DAYS)
    agree = verb.add_parser("approve", parents=[common], help="agree to what a draft does")
    agree.add_argument("draft", metavar="DRAFT")
    agree.add_argument("--by", required=True, metavar="PERSON", help="not its author")
    put = verb.add_parser("publish", parents=[common], help="put policy documents in force")
    put.add_argument("given", type=Path, nargs="+", metavar="DRAFT|FILE")
    put.add_argument("--by", metavar="PERSON", help="who wrote the files (the administrator)")
    for governs in (impact, agree, put):
        governs.add_argument("--from", dest="start", type=_instant, metavar="INSTANT", help="(now)")
    back = verb.add_parser("roll-back", parents=[common], help="publish an old revision again")
    back.add_argument("revision", type=_revision, metavar="REVISION")
    back.add_argument("--by", metavar="PERSON", default=ADMINISTRATOR)
    verb.add_parser("revisions", parents=[common], help="all there are, and which governs when")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_DAYS} days, got {text!r}")
    return int(text)


def _revision(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise argparse.ArgumentTypeError(f"expected the number of a revision, got {text!r}")
    return int(text)


def _instant(text: str) -> Instant:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_MINUTES):
        raise argparse.ArgumentTypeError(f"expected 1 to {MOST_MINUTES} minutes, got {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
