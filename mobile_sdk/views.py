"""What an application is told: the public values of the SDK, and how they come of what is held.

Rules kept here:
- `open_now` and `opens_at` follow the credentials held, and the keyring where none is: a guess for
  a list on a screen, which neither opens nor refuses anything;
- languages are not mixed: a reason that the server worded in another language is said in the
  phone's own words, or not at all;
- a sentence for a refusal says what the door or the phone found, then the keyring's reason, then
  when it opens, each once.

Pure; the phone's time comes in as an argument.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lockagent.protocol.errors import CoarseReason
from mobile_sdk.answers import Keyring, KeyringFacility, KeyringPoint, Why
from mobile_sdk.unlock import DoorAnswer
from mobile_sdk.wallet import Entry, HeldKeyring, Wallet
from mobile_sdk.wording import DOOR_SAYS, OPEN_ON_ASKING, PHONE_SAYS, refusal_sentence
from policies.telling.language import Language
from policies.vocabulary import Action, Instant

FRESH_SECONDS = 900
"""For how long what a keyring called open is shown so without a key: as a key on the way lives."""

_REASONS_TO_EXPLAIN = frozenset({CoarseReason.NOT_HERE, CoarseReason.NOT_NOW})


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """Facilities with a new credential, facilities refused one, and when to refresh again."""

    credentials: tuple[str, ...]
    refused: tuple[str, ...]
    next_refresh: Instant


@dataclass(frozen=True, slots=True)
class AccessPointView:
    """An access point as a list shows it; instants are UTC seconds.

    `has_key`: a credential in force names it. `sentence`: why it is not open for her, or empty.
    """

    access_point: str
    facility: str
    name: str
    facility_name: str
    has_key: bool
    open_now: bool
    opens_at: Instant | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The door has released its strike; `elapsed_ms` from connecting to the door's answer.

    `attempt` (8 bytes) is the number under which the door answers a retry alike.
    """

    strike_seconds: int
    elapsed_ms: int
    attempt: bytes = b""


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and why: by the door (a coarse reason such as `not-now`) or by the phone itself.

    `why` are the keyring's reasons at this access point; `sentence` is for the person. `attempt`
    and `elapsed_ms` are empty where the door was not asked.
    """

    by: Literal["door", "phone"]
    reason: str
    sentence: str
    opens_at: Instant | None
    why: tuple[str, ...] = ()
    attempt: bytes = b""
    elapsed_ms: int = 0


def worded_in(held: HeldKeyring, language: Language) -> Keyring:
    """The keyring with its sentences in `language`; empty ones where there are no such words."""
    if held.language == language:
        return held.keyring
    return replace(
        held.keyring,
        facilities=tuple(
            replace(
                facility,
                access_points=tuple(
                    replace(point, why=tuple(_reworded(one, language) for one in point.why))
                    for point in facility.access_points
                ),
            )
            for facility in held.keyring.facilities
        ),
    )


def views_of(wallet: Wallet, at: Instant, language: Language) -> tuple[AccessPointView, ...]:
    """Every access point the phone knows of, in the keyring's order."""
    return tuple(
        _view(facility, point, wallet, at, language)
        for facility in worded_in(wallet.keyring, language).facilities
        for point in facility.access_points
    )


def refused_by_phone(
    reason: str,
    at: Instant,
    language: Language,
    why: Sequence[Why] = (),
    opens_at: Instant | None = None,
) -> Refused:
    """The door is not asked: for `why` where the server gave reasons, else for the phone's own."""
    said = _sentences(why) or [PHONE_SAYS[reason][language]]
    told = why[0].reason if why else reason
    opens = _still_to_come(opens_at, at)
    sentence = refusal_sentence(said, opens, at, language)
    return Refused("phone", told, sentence, opens, tuple(one.reason for one in why))


def refused_by_door(
    answer: DoorAnswer, point: KeyringPoint, at: Instant, language: Language, attempt: bytes
) -> Refused:
    """The door said no: its coarse reason, and what the keyring knows of the rest."""
    is_told = answer.reason in _REASONS_TO_EXPLAIN and not point.open_now
    why = point.why if is_told else ()
    opens = answer.next_opening or (_still_to_come(point.opens_at, at) if is_told else None)
    said = [DOOR_SAYS[answer.reason][language], *_sentences(why)]
    return Refused(
        by="door",
        reason=reason_name(answer.reason),
        sentence=refusal_sentence(said, opens, at, language),
        opens_at=opens,
        why=tuple(one.reason for one in why),
        attempt=attempt,
        elapsed_ms=answer.elapsed_ms,
    )


def reason_name(reason: CoarseReason) -> str:
    """A door's reason as programs read it: `not-now` and its like."""
    return reason.name.lower().replace("_", "-")


def _view(
    facility: KeyringFacility, point: KeyringPoint, wallet: Wallet, at: Instant, language: Language
) -> AccessPointView:
    entry = wallet.best_for(point.number, at)
    has_key = entry is not None and entry.claims.expires > at
    open_now = has_key and entry is not None and _is_open(entry, point, at)
    opens_at = None if open_now else _opens_at(entry if has_key else None, point, at)
    sentence = ""
    if not open_now:
        said = _sentences(point.why)
        if _is_open_on_asking(point, wallet, at):
            said = [OPEN_ON_ASKING[language]]
        sentence = refusal_sentence(said, opens_at, at, language)
    return AccessPointView(
        access_point=point.access_point,
        facility=facility.facility,
        name=point.name,
        facility_name=facility.name,
        has_key=has_key,
        open_now=open_now,
        opens_at=opens_at,
        sentence=sentence,
    )


def _is_open_on_asking(point: KeyringPoint, wallet: Wallet, at: Instant) -> bool:
    """Whether the keyring had the point open lately, so that asking on the way is worth it."""
    as_of = wallet.keyring.keyring.as_of
    return point.open_now and as_of is not None and at < as_of + FRESH_SECONDS


def _reworded(why: Why, language: Language) -> Why:
    own = PHONE_SAYS.get(why.reason)
    return replace(why, sentence="" if own is None else own[language])


def _sentences(why: Sequence[Why]) -> list[str]:
    return [one.sentence for one in why if one.sentence]


def _is_open(entry: Entry, point: KeyringPoint, at: Instant) -> bool:
    return entry.claims.grant.permits(point.number, Action.OPEN, at)


def _opens_at(entry: Entry | None, point: KeyringPoint, at: Instant) -> Instant | None:
    if entry is not None:
        next_opening = entry.claims.grant.next_opening(point.number, Action.OPEN, at)
        if next_opening is not None:
            return next_opening
    return _still_to_come(point.opens_at, at)


def _still_to_come(opens_at: Instant | None, at: Instant) -> Instant | None:
    return opens_at if opens_at is not None and opens_at > at else None
