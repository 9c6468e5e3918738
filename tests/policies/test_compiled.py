"""Rules made ready: classes of doors, shared values, frames of hours."""

from policies.compiled import Shared, compile_rule, compiled, door_at, record_named
from policies.grant import Window
from policies.model import FactKind
from policies.places import MUNICIPALITY
from policies.records import RecordKind, RecordName
from policies.vocabulary import Action, Instant
from policies.windows import Telling, clip
from tests.policies import written
from tests.policies.written import GATE, NORTH, SIDE, SOUTH, VAULT, Doc, instant, rule

CALENDARS = {"c": {"holidays": "closed", "open": {"mon-fri": "10:00-18:00", "sat": "20:00-03:00"}}}
DAY = 86_400


def document(*rules: Doc) -> Doc:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    return written.document(*numbered, calendars=CALENDARS)


def test_access_points_that_the_same_rules_speak_for_are_one_class() -> None:
    policies = written.policies(
        document(rule(allow="anyone"), rule(deny="anyone", doors="zone:town/hall"))
    )
    classes = {door.points: len(door.rules) for door in policies.derived(compiled).classes}
    assert classes == {(NORTH, SOUTH): 2, (SIDE, VAULT): 1, (GATE,): 0}
    assert door_at(policies, NORTH) is door_at(policies, SOUTH)
    assert policies.derived(compiled) is policies.derived(compiled)


def test_the_rules_of_a_class_are_sorted_by_what_they_do_in_document_order() -> None:
    switch = {"active": {"switch": "lockdown/town"}}
    door = door_at(
        written.policies(
            document(
                rule(deny="anyone", **switch),
                rule(allow="anyone", with_={"actions": ["open", "light"]}),
                rule(unlock="anyone"),
                rule(allow="anyone", with_={"actions": ["light"]}),
                rule(deny={"list": "excluded"}),
            )
        ),
        NORTH,
    )
    ids = {
        "open": [each.rule.id for each in door.allows[Action.OPEN]],
        "light": [each.rule.id for each in door.allows[Action.LIGHT]],
        "lock": [each.rule.id for each in door.allows[Action.LOCK]],
        "deny": [each.rule.id for each in door.denies],
        "switched": [each.rule.id for each in door.switched],
        "unlock": [each.rule.id for each in door.unlocks],
    }
    assert ids == {
        "open": ["rule-2"], "light": ["rule-2", "rule-4"], "lock": [], "deny": ["rule-5"],
        "switched": ["rule-1"], "unlock": ["rule-3"],
    }  # fmt: skip


def test_equal_conditions_and_equal_hours_are_one_value() -> None:
    adult = {"all": [{"age": "18+"}, {"member": "gym"}]}
    first, second, third = door_at(
        written.policies(
            document(
                rule(allow=adult, during="c.open"),
                rule(deny=adult, during="c.open"),
                rule(allow={"age": "18+"}),
            )
        ),
        NORTH,
    ).rules
    assert first.who is second.who is not third.who
    assert first.hours is second.hours is not None
    assert third.hours is None


def test_a_rule_is_read_for_the_record_it_mentions_anywhere() -> None:
    hall = RecordName(RecordKind.BOOKING, "hall")
    mentioning = [
        rule(allow="anyone", doors={"booking": "hall.door"}),
        rule(allow={"any": [{"age": "18+"}, {"booking": "hall"}]}),
        rule(allow="anyone", during={"all": ["c.open", {"booking": "hall"}]}),
        rule(allow="anyone", with_={"after": {"booking": "hall", "as": ["holder"]}}),
    ]
    (loaded,) = written.policies(document(*mentioning, rule(allow="anyone"))).documents
    assert [record_named(each) for each in loaded.rules] == [hall] * 4 + [None]


def test_any_day_lies_in_a_frame_and_a_frame_forgotten_is_worked_out_again() -> None:
    (only,) = door_at(
        written.policies(document(rule(allow="anyone", during="c.open"))), NORTH
    ).rules
    assert only.hours is not None
    begins = instant("2026-10-10T00:00")
    year = Window(begins, Instant(begins + 600 * DAY))
    whole = only.hours.around(year).surely
    for day in (*range(600), 0, 1):
        at = Instant(begins + day * DAY + 3_601)
        span = Window(at, Instant(at + DAY))
        assert clip(only.hours.around(span).surely, span) == clip(whole, span)


def test_spans_within_two_days_from_the_same_utc_day_are_told_by_one_frame() -> None:
    policies = written.policies(document(rule(allow="anyone", during="c.open")))
    hours = door_at(policies, NORTH).rules[0].hours
    assert hours is not None
    midnight = instant("2026-10-14T00:00")

    def told(start: int, end: int) -> Telling:
        return hours.around(Window(Instant(midnight + start), Instant(midnight + end)))

    assert told(0, 2 * DAY) is told(DAY - 1, DAY) is told(0, 1)
    assert told(DAY, DAY + 1) is not told(0, 1)
    longer = Window(midnight, Instant(midnight + 3 * DAY))
    thursday = Window(instant("2026-10-16T08:00"), instant("2026-10-16T16:00"))
    assert clip(hours.around(longer).surely, longer)[-1] == thursday


def test_nobody_is_read_for_who_lacks_the_fact_or_the_part_a_rule_needs() -> None:
    policies = written.policies(
        document(
            rule(allow={"member": "gym"}),
            rule(allow={"booking": "hall"}, during={"booking": "hall"}),
            rule(allow={"age": "18+"}),
        )
    )
    needed = [
        (each.needed_kind, each.who is not None and each.who.needs_part)
        for each in door_at(policies, NORTH).rules
    ]
    assert needed == [(FactKind.MEMBER, False), (None, True), (None, False)]


def test_the_lead_of_a_record_is_the_greatest_early_where_a_rule_waits_for_somebody() -> None:
    def during(name: str, early: str) -> Doc:
        return rule(allow={"booking": name}, during={"booking": name, "early": early})

    waiting = {**during("hall", "5m"), "with": {"after": {"role": "staff"}}}
    others = [during("hall", "15m"), during("hall", "10m"), during("gym", "20m")]
    plain = rule(allow="anyone")

    def leads(*rules: Doc) -> list[tuple[int, int, int]]:
        (*classes,) = written.policies(document(*rules)).derived(compiled).rules.values()
        return [(each.lead_seconds, each.early_seconds, each.late_seconds) for each in classes]

    assert leads(waiting, *others, plain) == [
        (900, 300, 0), (900, 900, 0), (900, 600, 0), (1_200, 1_200, 0), (0, 0, 0),
    ]  # fmt: skip
    assert leads(*others[:2], plain) == [(900, 900, 0), (600, 600, 0), (0, 0, 0)]
    sharp = {**waiting, "during": {"booking": "hall"}}
    assert leads(sharp, plain) == [(0, 0, 0)] * 2
    alone = written.policies(document(plain)).documents[0].rules[0]
    assert compile_rule(alone, MUNICIPALITY, Shared()).lead_seconds == 0


def test_a_class_knows_whether_its_points_may_differ() -> None:
    policies = written.policies(
        document(rule(allow="anyone", doors={"booking": "hall.door"}, during={"booking": "hall"})),
        written.document(rule(allow="anyone", doors="building:barn"), **{"for": "building:barn"}),
    )
    assert [door_at(policies, point).has_record_doors for point in (NORTH, GATE)] == [True, False]
