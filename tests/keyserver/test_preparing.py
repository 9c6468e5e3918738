"""What is prepared keeps the steps of SPEC.md 3.3 and the law: it permits what `decide` permits."""

from hypothesis import given, settings
from hypothesis import strategies as st

from keyserver.services.issuing.preparing import (
    Asking,
    Identity,
    Measure,
    RefusedRequest,
    ToSign,
    clip,
    prepare_credential,
)
from keyserver.services.people.registers import Governing, Registers
from lockagent.protocol.credential import (
    Credential,
)
from lockagent.protocol.envelope import Realm
from lockagent.protocol.keys import SoftwareKey
from policies.circumstances import Circumstances
from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.engine import decide
from policies.grant import MAX_LIFE_SECONDS, MAX_SENSITIVE_LIFE_SECONDS, Window
from policies.public_holidays import norwegian_holidays
from policies.records import UNREAD
from policies.revisions import RevisionNumber, timeline_of
from policies.telling.language import Language
from policies.vocabulary import (
    AccessPointNumber,
    Action,
    Environment,
    Instant,
    PersonId,
    TenantId,
    parse_instant,
)
from tests.keyserver.town_hall import NOW, example, example_documents

PLACES = parse_places(example("places.yaml"), "places.yaml")
PEOPLE = parse_people(example("people.yaml"), "people.yaml", PLACES)
POLICIES = load_policies(example_documents(), PLACES, norwegian_holidays())
GOVERNING = Governing(RevisionNumber(1), POLICIES)
REGISTERS = Registers(1, PLACES, timeline_of(GOVERNING, ()), UNREAD, {})
REALM = Realm(Environment.TEST, TenantId("oslo"))
KEY = SoftwareKey.from_private_bytes(bytes(31) + b"\x07")
IDENTITY = Identity(b"8 bytes.", 5, 1)
DAY = 86_400

DST_NIGHT = parse_instant("2026-10-25T00:00:00Z")
INSTANTS = st.one_of(
    st.integers(NOW, NOW + 60 * DAY),
    st.integers(DST_NIGHT - DAY, DST_NIGHT + DAY),
    st.builds(
        lambda day, hour, second: NOW + day * DAY + hour * 3_600 + second,
        st.integers(0, 30),
        st.integers(0, 23),
        st.sampled_from([-900, -60, -1, 0, 1, 60, 900]),
    ),
).map(Instant)
PERSONS = st.sampled_from(sorted(PEOPLE))
POINTS = st.sampled_from(sorted(PLACES.by_number))


def prepare(
    person: PersonId, number: AccessPointNumber, at: Instant, *, on_the_way: bool
) -> Credential | RefusedRequest:
    """Prepare for one access point's facility."""
    point = PLACES.by_number[number]
    asking = Asking(
        PEOPLE[person],
        Circumstances(),
        point.facility,
        point if on_the_way else None,
        KEY.public,
        Language.ENGLISH,
    )
    prepared = prepare_credential(REGISTERS, asking, IDENTITY, Measure(REALM, KEY), at)
    return prepared.credential if isinstance(prepared, ToSign) else prepared


@settings(max_examples=150, deadline=None)
@given(PERSONS, POINTS, INSTANTS, st.booleans(), st.lists(st.integers(0, DAY - 1), max_size=12))
def test_a_credential_permits_what_policy_decides_as_long_as_it_lives(
    person: PersonId, number: AccessPointNumber, at: Instant, on_the_way: bool, later: list[int]
) -> None:
    prepared = prepare(person, number, at, on_the_way=on_the_way)
    is_asked_for = on_the_way or not PLACES.by_number[number].sensitive
    for second in [0, *later]:
        moment = Instant(at + second)
        wanted = decide(POLICIES, PEOPLE[person], number, Action.OPEN, moment).permitted
        if isinstance(prepared, Credential):
            if moment < prepared.expires:
                permitted = prepared.grant.permits(number, Action.OPEN, moment)
                assert permitted == (wanted and is_asked_for)
        elif second == 0:
            assert not (wanted and is_asked_for)


@settings(max_examples=150, deadline=None)
@given(PERSONS, POINTS, INSTANTS, st.booleans())
def test_iat_and_exp_are_steps_and_exp_is_no_later_than_the_last_window_rounded_up(
    person: PersonId, number: AccessPointNumber, at: Instant, on_the_way: bool
) -> None:
    prepared = prepare(person, number, at, on_the_way=on_the_way)
    if isinstance(prepared, RefusedRequest):
        return
    life = prepared.expires - prepared.issued_at
    step = 60 if life < 3_600 else 900
    last = max(entry.windows[-1].end for entry in prepared.grant.entries)
    assert prepared.issued_at == prepared.not_before == at - at % step
    assert prepared.expires % step == 0
    assert at < prepared.expires < last + step
    assert life <= (MAX_SENSITIVE_LIFE_SECONDS if on_the_way else MAX_LIFE_SECONDS)


@given(INSTANTS, st.integers(0, DAY), st.integers(0, DAY))
def test_clipping_twice_is_clipping_to_what_both_have(at: Instant, cut: int, other: int) -> None:
    prepared = prepare(PersonId("nora"), AccessPointNumber(4711), NOW, on_the_way=False)
    assert isinstance(prepared, Credential)
    one, two = Window(NOW, Instant(NOW + cut + 1)), Window(NOW, Instant(NOW + other + 1))
    first = clip(prepared.grant, one)
    both = clip(first, two) if first else None
    assert both == clip(prepared.grant, min(one, two))
