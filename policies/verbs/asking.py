"""`decide` and `explain`: one access request, answered and accounted for.

Yes is said of who may enter: with a key, or since the door stands unlocked. Where switches were
read (`--records`), one that is on counts; otherwise the answer speaks of windows and names the
switches it is subject to.
"""

from argparse import Namespace
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from policies.documents.printing import written_condition
from policies.documents.yaml_writing import flow
from policies.engine import Decision, decide
from policies.explanation.accounts import SWITCH, Account, Applies
from policies.explanation.explaining import Explanation, explain
from policies.explanation.lacking import UNKNOWN
from policies.explanation.reasons import UNLOCKED
from policies.grant import Window
from policies.model import Effect, Subject
from policies.places import AccessPoint
from policies.subject_to import SubjectTo
from policies.telling.account_sentences import account_text
from policies.telling.language import Language
from policies.telling.wording import answer_text
from policies.unlocking import unlocked_windows
from policies.verbs.console import Console
from policies.verbs.moments import local_text, moment_text, told_windows, windows_text
from policies.verbs.outcome import NO, YES
from policies.verbs.provisos import proviso_texts, told_provisos
from policies.verbs.sources import Town, read_town, the_access_point, the_moment, the_person
from policies.vocabulary import ACTION_NAMES, DAY_SECONDS, Action, Instant, instant_text
from policies.windows import Windows


@dataclass(frozen=True, slots=True)
class Request:
    """One access request, what is decided of it, and why."""

    town: Town
    subject: Subject
    point: AccessPoint
    action: Action
    at: Instant
    decision: Decision
    explanation: Explanation
    unlocked: Windows

    @property
    def may_enter(self) -> bool:
        """With a key, or without one since the door stands unlocked."""
        return self.explanation.permitted or self.explanation.stands_unlocked


def decide_request(options: Namespace, console: Console) -> int:
    """`decide PERSON ACCESS_POINT`: yes or no, and for how long, within 24 hours."""
    request = _request(options)
    console.tell(_told(request))
    console.say(_verdict(request, options), "  ")
    console.details(_details(request, options))
    return YES if request.may_enter else NO


def _request(options: Namespace) -> Request:
    town = read_town(options)
    at = the_moment(options.at, town.places)
    subject = the_person(town, options.person, options.people)
    point = the_access_point(town.places, options.access_point, options.places)
    action = ACTION_NAMES[options.action]
    switches = None if town.records is None else town.switches
    ahead = Window(at, Instant(at + DAY_SECONDS))
    return Request(
        town,
        subject,
        point,
        action,
        at,
        decide(town.policies, subject, point.number, action, at),
        explain(town.policies, subject, point.number, action, at, switches),
        unlocked_windows(town.policies, point.number, ahead),
    )


def _told(request: Request) -> dict[str, object]:
    decision, explanation = request.decision, request.explanation
    return {
        "person": request.subject.id,
        "access_point": request.point.id,
        "action": request.action.name.lower(),
        "at": instant_text(request.at),
        "permitted": explanation.permitted,
        "stands_unlocked": explanation.stands_unlocked,
        "reason": explanation.reason,
        "rule": explanation.rule,
        "until": None if explanation.until is None else instant_text(explanation.until),
        "opens_at": None if explanation.opens_at is None else instant_text(explanation.opens_at),
        "windows": told_windows(decision.windows),
        "unlocked": told_windows(request.unlocked),
        "subject_to": told_provisos(decision.subject_to, request.town.switches),
    }


def _verdict(request: Request, options: Namespace) -> str:
    """`yes: …`, or `no (reason, rule): …` with what to do and when it opens next."""
    explanation = request.explanation
    said = answer_text(explanation, options.lang, request.town.places)
    if not request.may_enter:
        return f"no ({explanation.reason}, {explanation.rule or 'no rule'}): {said}"
    is_open = any(_is_open(proviso, request) for proviso in request.decision.subject_to)
    yes = "yes, subject to what is said below" if is_open else "yes"
    if explanation.permitted or explanation.reason == UNLOCKED:
        return f"{yes}: {said}"
    return f"{yes}, for the door stands unlocked for everybody; with a key: {said}"


def _is_open(proviso: SubjectTo, request: Request) -> bool:
    """Whether it is not settled: neither a switch that is known to be off, nor of the other way in.

    A key does not wait for what the unlocked door waits for, nor the door for what a key does.
    """
    rule = proviso.rule
    if rule.switch is not None:
        return request.town.switches.get(rule.switch, True)
    return rule.effect is (Effect.ALLOW if request.explanation.permitted else Effect.UNLOCK)


def _details(request: Request, options: Namespace) -> list[tuple[str, str]]:
    zone = request.town.places.tenant.time_zone
    decision = request.decision
    provisos = proviso_texts(decision.subject_to, request.town.switches)
    return [
        ("asked about", _asked_about(request)),
        ("at", moment_text(request.at, zone, options.at or "")),
        ("by rule", (decision.rule or "") if request.may_enter else ""),
        ("next 24 hours", windows_text(decision.windows, zone)),
        ("stands unlocked", windows_text(request.unlocked, zone) if request.unlocked else ""),
        *(("subject to" if n == 0 else "", said) for n, said in enumerate(provisos)),
    ]


def _asked_about(request: Request) -> str:
    said = f"{request.subject.id} at {request.point.id}, {request.point.name}"
    if request.action is not Action.OPEN:
        said += f", to {request.action.name.lower().replace('_', ' ')}"
    return said


def explain_request(options: Namespace, console: Console) -> int:
    """`explain PERSON ACCESS_POINT`: the answer, and how each rule stands to it."""
    request = _request(options)
    accounts = [
        _told_account(account, request, options.lang) for account in request.explanation.accounts
    ]
    console.tell({**_told(request), "rules": accounts})
    console.say(_verdict(request, options), "  ")
    console.details(_details(request, options))
    console.say()
    if not request.explanation.accounts:
        console.say(f"no rule speaks of this action at {request.point.id}")
    zone = request.town.places.tenant.time_zone
    console.table(
        ("rule", "does", "applies", "lacks", "next"),
        [
            (
                account.rule.id,
                account.rule.effect.value,
                _APPLIES[account.applies],
                _lacks(account, zone, request.at),
                ""
                if account.applies_at is None
                else local_text(account.applies_at, zone, request.at),
            )
            for account in request.explanation.accounts
        ],
    )
    return YES if request.may_enter else NO


_APPLIES = {Applies.SURELY: "yes", Applies.POSSIBLY: "perhaps", Applies.NOT: "no"}
_WORDS = {
    "during": "its hours",
    "from": "its start",
    "until": "it has ended",
    "unknown": "cannot be told",
    "unknown-hours": "its day list ends before",
    "except": "excepted",
    "switch": "its switch is off",
}


def _lacks(account: Account, zone: ZoneInfo, at: Instant) -> str:
    """Why a rule does not surely apply: the requirement as written, or in words."""
    if account.failing is None:
        return ""
    said = _WORDS.get(account.failing, account.failing)
    if account.failing == SWITCH and account.applies is Applies.POSSIBLY:
        said = "its switch is not read"
    if account.lacking is not None:
        written = flow(written_condition(account.lacking)).strip("{}")
        said = f"{written}: {said}" if account.failing == UNKNOWN else written
    if account.met_at is not None and account.met_at != account.applies_at:
        said += f" (met {local_text(account.met_at, zone, at)})"
    return said


def _told_account(account: Account, request: Request, language: Language) -> dict[str, object]:
    lacking = account.lacking
    places = request.town.places
    sentence = account_text(account, request.subject, request.at, places, language)
    return {
        "rule": account.rule.id,
        "does": account.rule.effect.value,
        "applies": account.applies.value,
        "failing": account.failing,
        "lacking": None if lacking is None else written_condition(lacking),
        "met_at": None if account.met_at is None else instant_text(account.met_at),
        "applies_at": None if account.applies_at is None else instant_text(account.applies_at),
        "sentence": str(sentence),
    }
