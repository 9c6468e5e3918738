"""Looking at what a controller holds, also while it runs: bundle, journal, installation.

Nothing is written but the file that `export` is told to write. Each function tells its findings as
events of the reporter; a yes or no is returned, and becomes the exit code.
"""

from pathlib import Path

from lockagent.beliefs import TRUST_FILE
from lockagent.config import DoorConfig
from lockagent.controller import JOURNAL_FOLDER
from lockagent.installation import FILE_NAME, read_installation, read_key
from lockagent.journal_folder import (
    entries_from,
    first_break,
    frames_from,
    head_of,
    read_acknowledged,
)
from lockagent.journal_frames import FrameKind
from lockagent.protocol.access_event import (
    BATCH_ENTRIES,
    JournalBatch,
    decode_entry,
    entry_facts,
    sign_batch,
)
from lockagent.protocol.envelope import ObjectType, Realm
from lockagent.protocol.trust import TrustState
from lockagent.protocol.trust_bundle import parse_bundle
from lockagent.protocol.trust_errors import TrustRefused
from lockagent.reporting import Reporter
from lockagent.state_file import replace_file
from policies.vocabulary import instant_text


def check_installed(config: DoorConfig) -> bool:
    """Whether the controller is installed; NotInstalled where what is there does not fit."""
    for path in (config.agent_key, *(reader.key for reader in config.readers)):
        if path.exists():
            read_key(path)
    if not (config.state_directory / FILE_NAME).exists():
        return False
    read_installation(config)
    return True


def show_bundle(config: DoorConfig, path: Path, reporter: Reporter) -> bool:
    """Tell what a bundle says; whether a bundle key of the installed root has signed it.

    OSError, MalformedMessage; NotInstalled where there is no root to compare with.
    """
    received = parse_bundle(path.read_bytes())
    bundle = received.claims
    installation = read_installation(config)
    realm = Realm(config.environment, config.tenant)
    stored = config.state_directory / TRUST_FILE
    trust = (
        TrustState.from_bytes(stored.read_bytes(), realm, installation.facility, installation.root)
        if stored.exists()
        else TrustState.begin(realm, installation.facility, installation.root)
    )
    try:
        trust.bundle_key(received.sign1, ObjectType.BUNDLE)
        is_signed, detail = True, f"signed under root {trust.root.version}"
    except TrustRefused as error:
        is_signed, detail = False, str(error)
    reporter.tell(
        "inspected",
        facility=bundle.facility,
        version=str(bundle.version),
        issued=instant_text(bundle.issued),
        expires=instant_text(bundle.expires),
        keys=[
            {
                "role": issuer.role.name.lower(),
                "kid": issuer.kid.hex(),
                "not_before": instant_text(issuer.not_before),
                "not_after": instant_text(issuer.not_after),
            }
            for issuer in bundle.issuer_keys
        ],
        revoked=sorted(bundle.revoked),
        revoked_readers=[cti.hex() for cti in sorted(bundle.revoked_readers)],
        epoch=bundle.epoch,
        lockdown=bundle.lockdown,
        signed=is_signed,
        detail=detail,
    )
    return is_signed


def show_journal(config: DoorConfig, reporter: Reporter) -> None:
    """Tell every entry held, oldest first."""
    for number, frame in frames_from(config.state_directory / JOURNAL_FOLDER):
        if frame.kind is FrameKind.STUB:
            last = number + frame.stands_for - 1
            reporter.tell("gave_way", sequence=number, last=last, hash=frame.entry_hash.hex())
        else:
            reporter.tell("entry", **entry_facts(decode_entry(frame.content)))


def verify_journal(config: DoorConfig, reporter: Reporter) -> bool:
    """Whether the chain holds from the oldest entry held to the newest."""
    folder = config.state_directory / JOURNAL_FOLDER
    broken = first_break(folder)
    if broken is not None:
        reporter.tell("broken", sequence=broken.sequence, detail=broken.detail)
        return False
    head = head_of(folder)
    reporter.tell(
        "verified",
        sequence=head.sequence,
        head=head.hash.hex(),
        acknowledged=read_acknowledged(folder).sequence,
    )
    return True


def export_journal(config: DoorConfig, path: Path, reporter: Reporter) -> None:
    """Write every entry held to `path` as signed batches, one after the other (a CBOR sequence)."""
    installation, agent_key = read_installation(config), read_key(config.agent_key)
    realm = Realm(config.environment, config.tenant)
    folder = config.state_directory / JOURNAL_FOLDER
    batches, count, wanted = list[bytes](), 0, 1
    while True:
        first, entries = entries_from(folder, wanted, BATCH_ENTRIES)
        if not entries:
            break
        batch = JournalBatch(installation.controller, first, tuple(entries))
        batches.append(sign_batch(batch, realm, agent_key))
        count, wanted = count + len(entries), first + len(entries)
    replace_file(path, b"".join(batches))
    reporter.tell("exported", entries=count, file=str(path))
