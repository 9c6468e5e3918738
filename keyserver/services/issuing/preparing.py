"""From a request to a credential ready to be signed, or to a refusal with its reasons. Pure.

Rules kept here (policies.md *What a grant becomes*, SPEC.md 3.3):
- nbf = iat, rounded down to 900 s, or 60 s where the life is under an hour; exp is a multiple of
  the same step, never past the last window rounded up, never past the longest life;
- sensitive access points come only on the way, for 15 minutes, and alone;
- a credential that would exceed its 779 bytes ends earlier: before the window that begins last;
- a refusal names the access points that her keyring would show her: those that are listed, open
  to her within a day, or stand unlocked. Staff doors are not shown, nor told from doors that do
  not exist.
"""

from dataclasses import dataclass, replace

from keyserver.services.people.registers import Registers
from lockagent.protocol.credential import (
    CREDENTIAL_BYTES,
    SHORT_STEP_SECONDS,
    STEP_SECONDS,
    Credential,
    issue_step,
    sign_credential,
)
from lockagent.protocol.envelope import Realm
from lockagent.protocol.keys import SigningKey, VerifyingKey
from policies.circumstances import Circumstances, RuleName
from policies.explanation.explaining import Explanation, Refusal, explain, refusals
from policies.explanation.keyring import SHOWN_AHEAD_SECONDS
from policies.grant import MAX_LIFE_SECONDS, Grant, GrantEntry, Window
from policies.granting import GrantResult
from policies.model import Subject
from policies.places import AccessPoint
from policies.subject_to import Proviso
from policies.succession import grant_over
from policies.telling.language import Language
from policies.telling.wording import circumstance_sentence, reason_sentence
from policies.vocabulary import Action, FacilityId, Instant


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


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what: `access_point` where she is on the way to one, `key` to be bound to it."""

    subject: Subject
    circumstances: Circumstances
    facility: FacilityId
    access_point: AccessPoint | None
    key: VerifyingKey
    language: Language


@dataclass(frozen=True, slots=True)
class ToSign:
    """A credential to sign, and the rules with limits that an opening by it is a visit of."""

    credential: Credential
    limited: tuple[RuleName, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Where a credential is signed, and a key that makes signatures of the right length."""

    realm: Realm
    key: SigningKey


def prepare_credential(
    registers: Registers, asking: Asking, identity: Identity, measure: Measure, at: Instant
) -> ToSign | RefusedRequest:
    """What to sign now; ValueError where no credential can hold what policy gives at once."""
    interval = None
    is_on_the_way = asking.access_point is not None
    for step in (SHORT_STEP_SECONDS,) if is_on_the_way else (STEP_SECONDS, SHORT_STEP_SECONDS):
        start = Instant(at - at % step)
        result = _ask(registers, asking, start)
        interval = _interval(result, start, step)
        if interval is None or issue_step(interval.end - start) == step:
            break
    if interval is None or interval.end <= at or result.grant is None:
        # A window that ended since the step began is of no use: tell what lacks now.
        return _refusal(_ask(registers, asking, at), asking, registers, at)
    clipped = clip(result.grant, interval)
    if clipped is None:
        return _refusal(result, asking, registers, at)
    issued_at, expires = interval
    credential = Credential(
        facility=asking.facility,
        issued_at=issued_at,
        not_before=issued_at,
        expires=expires,
        cti=identity.cti,
        presentation_key=asking.key,
        epoch=identity.epoch,
        revision=registers.in_force(issued_at).number,
        index=identity.index,
        grant=clipped,
    )
    limited = tuple(rule.name for rule in result.limited)
    return ToSign(shorten(credential, measure, at), limited)


def shorten(credential: Credential, measure: Measure, at: Instant) -> Credential:
    """The credential, ended earlier until it fits; ValueError if even its first windows do not."""
    while not _fits(credential, measure):
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


def _fits(credential: Credential, measure: Measure) -> bool:
    try:
        sign_credential(credential, measure.realm, measure.key)
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


def _ask(registers: Registers, asking: Asking, start: Instant) -> GrantResult:
    point = asking.access_point
    return grant_over(
        registers.policies,
        asking.subject,
        asking.facility,
        Window(start, Instant(start + MAX_LIFE_SECONDS)),
        access_point=None if point is None else point.number,
        circumstances=asking.circumstances,
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
    result: GrantResult, asking: Asking, registers: Registers, at: Instant
) -> RefusedRequest:
    """Why nothing is given: by the rules, or else by what they are subject to on the way."""
    places, point = registers.places, asking.access_point
    policies = registers.in_force(at).policies
    asked = places.of_facility(asking.facility) if point is None else (point,)
    refused = [one for one in asked if point is not None or one.number not in result.on_the_way]
    told = refusals(policies, asking.subject, refused, at, registers.switches)
    why = tuple(
        RefusedPoint(
            refusal.access_point.id,
            refusal.explanation.rule,
            refusal.explanation.reason,
            reason_sentence(refusal.explanation, asking.language, places),
            refusal.explanation.opens_at,
        )
        for refusal in told
        if refusal.access_point.listed
        or refusal.explanation.stands_unlocked
        or _opens_within_a_day(refusal, at)
    )
    if point is not None and not told:
        explanation = explain(
            policies, asking.subject, point.number, Action.OPEN, at, registers.switches
        )
        kind = _unmet(explanation, asking.circumstances)
        sentence = circumstance_sentence(kind, asking.language)
        why = (RefusedPoint(point.id, explanation.rule, kind.value, sentence, None),)
    return RefusedRequest(asking.facility, "no-grant", why)


def _unmet(explanation: Explanation, around: Circumstances) -> Proviso:
    """What keeps back a right that the windows give: visits used up, or somebody waited for."""
    used_up = any(
        name.rule == proviso.rule.id and not around.has_visits_left(name, proviso.rule)
        for proviso in explanation.subject_to
        for name in around.visits
    )
    return Proviso.LIMITS if used_up else Proviso.AFTER


def _opens_within_a_day(refusal: Refusal, at: Instant) -> bool:
    opens_at = refusal.explanation.opens_at
    return opens_at is not None and opens_at < at + SHOWN_AHEAD_SECONDS
