"""Cedar as an independent oracle: the exported policies and plain facts decide as the engine does.

What decides is the exported text alone, evaluated by Cedar; the facts it is asked with are worked
out by `cedar_requests`, which shares no time code with the engine. Left out by construction, since
the export says that it cannot say it: days that a day list does not cover (there the export is the
stricter one, which is a test of its own), years without known holidays, and what no window holds.
"""

import json
from collections import defaultdict

import cedarpy
from hypothesis import given
from hypothesis import strategies as st

from policies.cedar.export import export_cedar
from policies.cedar.schema import export_entities, export_schema
from policies.engine import granted_windows
from policies.grant import Window
from policies.unlocking import unlocked_windows
from policies.vocabulary import ACTION_NAMES, Instant
from policies.windows import contains
from tests.policies import drawn, written
from tests.policies.cedar_requests import person_entity, request
from tests.policies.drawn import Case, often
from tests.policies.drawn_calendars import stated_instants
from tests.policies.written import PLACES

ALL_COVERED = {
    "breaks": {"covers": "2026-08-01..2028-12-31", "on": ["2026-10-24..2026-10-26", "2027-03-01"]}
}
PLACE_ENTITIES = export_entities(PLACES)
DAY = 86_400
UNLOCKED = "stand_unlocked"
SAMPLES = 100_000
"""As many as abuse case A17 asks for."""


def cedar_answers(case: Case, asked: list[tuple[str, str, Instant]]) -> list[bool]:
    """What Cedar answers to (access point, action, instant)."""
    policies = written.policies(*case.docs, book=case.book)
    exported = cedarpy.PolicySet.from_str(export_cedar(policies))
    places = cedarpy.Entities.from_json_str(PLACE_ENTITIES)
    zones = tuple({doc["time_zone"]: None for doc in case.docs})
    by_person: dict[str, list[int]] = defaultdict(list)
    for number, (_, _, at) in enumerate(asked):
        by_person[person_entity(case.person, at)].append(number)
    answers = [False] * len(asked)
    for person, numbers in by_person.items():
        requests = [request(asked[n][2], zones, asked[n][1], asked[n][0]) for n in numbers]
        entities = places.with_added_json_str(f"[{person}]")
        for n, result in zip(
            numbers, cedarpy.is_authorized_batch(requests, exported, entities), strict=True
        ):
            assert not result.diagnostics.errors, result.diagnostics.errors
            answers[n] = result.decision is cedarpy.Decision.Allow
    return answers


def questions(case: Case, points: tuple[str, ...]) -> dict[tuple[str, str, Instant], bool]:
    """Questions on the edges around the case's instant, with the engine's answers."""
    policies, subject = written.policies(*case.docs, book=case.book), written.subject(case.person)
    span = Window(Instant(case.at - DAY), Instant(case.at + DAY))
    zones = {doc["time_zone"] for doc in case.docs}
    stated = {at for zone in zones for at in stated_instants(case.at, zone)}
    told: dict[tuple[str, str, Instant], bool] = {}
    for point in points:
        number = written.number(point)
        for action in ("open", "light", UNLOCKED):
            if action == UNLOCKED:
                windows = unlocked_windows(policies, number, span)
            else:
                windows = granted_windows(policies, subject, number, ACTION_NAMES[action], span)
            edges = {edge for window in windows for edge in window}
            for edge in {*(stated if action != "light" else ()), *edges, case.at}:
                for at in (Instant(edge - 1), edge, Instant(edge + 1)):
                    if span.start <= at < span.end:
                        told[point, action, at] = contains(windows, at)
    return told


def covered(case: Case) -> Case:
    """The case with day lists that cover every day that is asked about."""
    docs = [{**doc, "days": ALL_COVERED} for doc in case.docs]
    return Case(docs, case.person, case.book, case.point, case.at)


def test_A17_the_engine_and_cedar_agree_on_a_hundred_thousand_instants() -> None:
    seen = [0, 0]

    @often(170)
    @given(drawn.cases())
    def agree(drawn_case: Case) -> None:
        case = covered(drawn_case)
        told = questions(case, ("town/hall/north", "town/side", "town/vault", "barn/gate"))
        asked = list(told)
        for question, answer in zip(asked, cedar_answers(case, asked), strict=True):
            assert answer == told[question], question
            seen[answer] += 1

    agree()
    assert sum(seen) >= SAMPLES
    assert min(seen) >= SAMPLES // 10


@often(30)
@given(drawn.cases())
def test_where_a_list_covers_nothing_the_export_is_no_wider_than_the_engine(case: Case) -> None:
    told = questions(case, (case.point,))
    asked = list(told)
    for question, answer in zip(asked, cedar_answers(case, asked), strict=True):
        assert answer <= told[question], question


@often(25)
@given(drawn.cases())
def test_the_export_is_valid_under_its_schema(case: Case) -> None:
    policies = written.policies(*case.docs, book=case.book)
    result = cedarpy.validate_policies(export_cedar(policies), export_schema(policies))
    assert result.validation_passed, [str(error) for error in result.errors]


@often(25)
@given(drawn.cases(), st.sampled_from(["now", "switches_off", "local"]))
def test_a_context_that_is_not_whole_opens_nothing(case: Case, missing: str) -> None:
    policies = written.policies(*case.docs, book=case.book)
    zones = tuple({doc["time_zone"] for doc in case.docs})
    asked = request(case.at, zones, "open", case.point)
    del asked["context"][missing]
    entities = [*json.loads(PLACE_ENTITIES), json.loads(person_entity(case.person, case.at))]
    result = cedarpy.is_authorized(asked, export_cedar(policies), entities)
    assert result.decision is cedarpy.Decision.Deny
    assert "whole-context" in export_cedar(policies)


def test_the_export_of_one_door_leaves_out_the_rules_of_others() -> None:
    policies = written.policies(
        written.document(
            written.rule(id="here", doors="door:town/side", allow="anyone"),
            written.rule(id="elsewhere", doors="door:town/vault", allow="anyone"),
        )
    )
    exported = export_cedar(policies, written.SIDE)
    assert '@id("building:town here")' in exported
    assert "elsewhere" not in exported
