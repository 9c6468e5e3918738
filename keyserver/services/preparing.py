"""From a request to a credential ready to be signed, or to a refusal with its reasons. Pure.

Rules kept here (policies.md *What a grant becomes*, wire.md 3):
- nbf = iat, rounded down to 900 s, or 60 s where the life is under an hour; exp is a multiple of
  the same step, never past the last window rounded up, never past the longest life;
- sensitive access points come only on the way, for 15 minutes, and alone;
- a credential that would exceed its 779 bytes ends earlier: before the window that begins last;
- a refusal names listed access points only, unless she asked for one: staff doors are not shown.
"""

from dataclasses import dataclass, replace

from keyserver.services.registers import Registers
from lockagent.protocol.credential import (
    CREDENTIAL_BYTES,
    LIFE_SECONDS,
    SHORT_STEP_SECONDS,
    STEP_SECONDS,
    Credential,
    issue_step,
    sign_credential,
)
from lockagent.protocol.envelope import Realm
from lockagent.protocol.keys import SigningKey, VerifyingKey
from policies.grant import Grant, GrantEntry, Window
from policies.granting import GrantResult, grant_for
from policies.model import Subject
from policies.places import AccessPoint
from policies.vocabulary import FacilityId, Instant
from policies.wording import Language, reason_sentence


@dataclass(frozen=True, slots=True)
class RefusedPoint:
    """Why one access point is not in reach, and when it next is."""

    access_point: str
    rule: str | None
    reason: str
    sentence: str
    opens_at: Instant | None


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that policy gives nothing for: an answer, not an error."""

    facility: FacilityId
    reason: str
    why: tuple[RefusedPoint, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one credential from another: random, and known to the server alone."""

    cti: bytes
    index: int
    epoch: int


def prepare_credential(
    registers: Registers,
    subject: Subject,
    facility: FacilityId,
    access_point: AccessPoint | None,
    key: VerifyingKey,
    identity: Identity,
    realm: Realm,
    measure: SigningKey,
    language: Language,
    at: Instant,
) -> Credential | RefusedRequest:
    """What to sign for `subject` now; with `access_point` she is on the way there."""
    interval = None
    for step in (
        (STEP_SECONDS, SHORT_STEP_SECONDS) if access_point is None else (SHORT_STEP_SECONDS,)
    ):
        start = Instant(at - at % step)
        result = _ask(registers, subject, facility, access_point, start)
        interval = _interval(result, start, step)
        if interval is None or issue_step(interval.end - start) == step:
            break
    if interval is None or interval.end <= at or result.grant is None:
        # A window that ended since the step began is of no use: tell what lacks now.
        result = _ask(registers, subject, facility, access_point, at)
        return _refusal(result, facility, access_point, language)
    clipped = clip(result.grant, interval)
    if clipped is None:
        return _refusal(result, facility, access_point, language)
    issued_at, expires = interval
    credential = Credential(
        facility=facility,
        issued_at=issued_at,
        not_before=issued_at,
        expires=expires,
        cti=identity.cti,
        presentation_key=key,
        epoch=identity.epoch,
        revision=registers.revision,
        index=identity.index,
        grant=clipped,
    )
    return shorten(credential, realm, measure, at)


def shorten(credential: Credential, realm: Realm, measure: SigningKey, at: Instant) -> Credential:
    """The credential, ended earlier until it fits; ValueError if even its first windows do not.

    `measure` stands in for the signing key: it makes signatures of the right length.
    """
    while not _fits(credential, realm, measure):
        starts = {window.start for entry in credential.grant.entries for window in entry.windows}
        latest = max(starts)
        if latest <= at:
            raise ValueError(
                f"expected windows of {credential.facility} that fit {CREDENTIAL_BYTES} bytes, "
                "got more access points than one credential holds"
            )
        grant = clip(credential.grant, Window(credential.not_before, latest))
        if grant is None:
            raise ValueError(f"expected windows before {latest}, got none")
        step = issue_step(credential.expires - credential.issued_at)
        end = _last_end(grant)
        credential = replace(credential, grant=grant, expires=Instant(end + -end % step))
    return credential


def _fits(credential: Credential, realm: Realm, measure: SigningKey) -> bool:
    try:
        sign_credential(credential, realm, measure)
    except ValueError:
        return False
    return True


def clip(grant: Grant, span: Window) -> Grant | None:
    """What of `grant` lies within `span`; None where nothing does."""
    entries = []
    for entry in grant.entries:
        windows = tuple(
            Window(max(start, span.start), min(end, span.end))
            for start, end in entry.windows
            if start < span.end and end > span.start
        )
        if windows:
            entries.append(GrantEntry(entry.points, windows, entry.flags))
    return Grant(tuple(entries)) if entries else None


def _ask(
    registers: Registers,
    subject: Subject,
    facility: FacilityId,
    access_point: AccessPoint | None,
    start: Instant,
) -> GrantResult:
    return grant_for(
        registers.policies,
        subject,
        facility,
        Window(start, Instant(start + LIFE_SECONDS)),
        access_point=None if access_point is None else access_point.number,
    )


def _interval(result: GrantResult, start: Instant, step: int) -> Window | None:
    """iat and exp by this step; None where there is nothing to give."""
    if result.grant is None:
        return None
    last = _last_end(result.grant)
    longest = result.life_seconds - result.life_seconds % step
    end = min(last + -last % step, start + longest)
    return Window(start, Instant(end)) if end > start else None


def _last_end(grant: Grant | None) -> Instant:
    ends = (entry.windows[-1].end for entry in grant.entries) if grant else ()
    return max(ends, default=Instant(0))


def _refusal(
    result: GrantResult,
    facility: FacilityId,
    access_point: AccessPoint | None,
    language: Language,
) -> RefusedRequest:
    return RefusedRequest(
        facility,
        "no-grant",
        tuple(
            RefusedPoint(
                refusal.access_point.id,
                refusal.decision.rule,
                refusal.decision.reason,
                reason_sentence(refusal.decision, language),
                refusal.decision.opens_at,
            )
            for refusal in result.refused
            if refusal.access_point.listed or access_point is not None
        ),
    )
