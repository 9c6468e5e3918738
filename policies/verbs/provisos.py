"""What an answer is subject to, in a line each: switches, counts, second persons, who comes first.

Pure.
"""

from collections.abc import Iterable, Mapping

from policies.documents.printing import written_condition
from policies.documents.yaml_writing import flow
from policies.manner import CountedBy, Limits, Offline
from policies.model import Effect, Rule
from policies.subject_to import Proviso, SubjectTo
from policies.verbs.moments import duration_text


def proviso_texts(provisos: Iterable[SubjectTo], switches: Mapping[str, bool]) -> tuple[str, ...]:
    """One line for each; `switches` is what is known of them."""
    return tuple(
        f"{_text(proviso.kind, proviso.rule, switches)} ({proviso.rule.id})" for proviso in provisos
    )


def told_provisos(
    provisos: Iterable[SubjectTo], switches: Mapping[str, bool]
) -> list[dict[str, object]]:
    """The same as programs read it; `is_on` of a switch is null where that is unknown."""
    told: list[dict[str, object]] = []
    for kind, rule in ((proviso.kind, proviso.rule) for proviso in provisos):
        entry: dict[str, object] = {"kind": kind.value, "rule": rule.id}
        if kind is Proviso.SWITCH and rule.switch is not None:
            entry |= {"switch": rule.switch, "is_on": switches.get(rule.switch)}
        entry["sentence"] = _text(kind, rule, switches)
        told.append(entry)
    return told


def _text(kind: Proviso, rule: Rule, switches: Mapping[str, bool]) -> str:
    if kind is Proviso.SWITCH and rule.switch is not None:
        return f"closed while {rule.switch} is on; {_state(switches.get(rule.switch))}"
    if kind is Proviso.TWO_PEOPLE and rule.manner.two_people_seconds is not None:
        return f"a second person within {duration_text(rule.manner.two_people_seconds)}"
    if kind is Proviso.AFTER and rule.after is not None:
        first = f"somebody has opened who meets {flow(written_condition(rule.after))}"
        is_unlock = rule.effect is Effect.UNLOCK
        return f"stands unlocked once {first}" if is_unlock else f"after {first}"
    if kind is Proviso.LIMITS and rule.limits is not None:
        return _limits_text(rule.limits)
    raise ValueError(f"expected a rule with {kind.value}, got {rule.id}")


def _state(is_on: bool | None) -> str:
    if is_on is None:
        return "what it is now is unknown, which counts as on"
    return "it is on, and hours are told as if it were off" if is_on else "it is off"


def _limits_text(limits: Limits) -> str:
    said: list[str] = []
    if limits.visits is not None:
        whose = "household" if limits.by is CountedBy.HOUSEHOLD else "person"
        period = limits.visits.period.value.removeprefix("calendar-")
        said.append(f"at most {limits.visits.most} visits in each {period} by each {whose}")
    if limits.inside is not None:
        said.append(f"at most {limits.inside} people inside")
    offline = {
        Offline.REFUSE: "refused where the count is not known",
        Offline.COUNT_LATER: "without contact let in and counted later",
    }
    return f"{', '.join(said)}; {offline[limits.offline]}"
