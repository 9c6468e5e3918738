"""Rules that wait for a register: what they speak of was not read, or is no longer fresh.

Rules kept here (policies.md, "Surely and possibly"):
- an unread register is unknown, not empty: no allow of it opens, every deny of it may hold;
- a switch that was not read counts as on.

Pure.
"""

from collections.abc import Iterable, Iterator, Mapping

from policies.compiled import Shared, compile_rule
from policies.errors import Fault
from policies.model import (
    Accepted,
    AgeBetween,
    AllOf,
    AnyOf,
    Condition,
    Effect,
    FactKind,
    Listed,
    PolicySet,
    Resident,
    Rule,
    Subject,
)
from policies.places import MUNICIPALITY
from policies.vocabulary import Instant


def waiting_rules(
    policies: PolicySet, people: Iterable[Subject], switches: Mapping[str, bool], at: Instant
) -> Iterator[Fault]:
    """One warning for each rule that waits, in document order."""
    stale = _stale(people, at)
    for document in policies.documents:
        for index, rule in enumerate(document.rules):
            for what in _waits_for(rule, policies, stale, switches):
                sentence = f"expected {what}, got none: {_meaning(rule)}"
                yield Fault(document.file, rule.line, f"policies[{index}]", sentence)


def _stale(people: Iterable[Subject], at: Instant) -> frozenset[FactKind]:
    """The kinds whose register is no longer fresh for anybody."""
    kinds: frozenset[FactKind] | None = None
    for subject in people:
        ended = {kind for kind, until in subject.fresh_until.items() if until <= at}
        kinds = frozenset(ended) if kinds is None else kinds & ended
        if not kinds:
            break
    return kinds or frozenset()


def _meaning(rule: Rule) -> str:
    if rule.effect is Effect.DENY:
        return "the rule counts as holding wherever it may"
    return "the rule opens nothing"


def _waits_for(
    rule: Rule,
    policies: PolicySet,
    stale: frozenset[FactKind],
    switches: Mapping[str, bool],
) -> Iterator[str]:
    """What `rule` would have to be told of, each as it is expected."""
    record = compile_rule(rule, MUNICIPALITY, Shared()).record
    if record is not None and record.kind in policies.records.unread:
        yield f"the records of {record.kind.value} {record.name} (--records)"
    for kind in sorted({kind for c in (rule.who, rule.lifts) if c for kind in _kinds(c)} & stale):
        yield f"a register of {kind.value} facts that is fresh"
    if rule.switch is not None and rule.switch not in switches:
        yield f"the state of the switch {rule.switch} (--records)"


def _kinds(condition: Condition) -> Iterator[FactKind]:
    """The kinds of fact that `condition` asks for."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _kinds(part)
        case Listed(kind, _):
            yield kind
        case AgeBetween():
            yield FactKind.AGE
        case Resident():
            yield FactKind.RESIDENT
        case Accepted(_, guardian_until):
            yield FactKind.TERMS
            if guardian_until is not None:
                yield FactKind.GUARDIAN
        case _:
            return
