"""The phone at a door: who is asked, with what, and what the person is told."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from aiohttp import web

from lockagent.protocol.access_event import EventKind
from lockagent.protocol.encoding import encode
from lockagent.protocol.gatt import fragment_bytes
from lockagent.protocol.keys import base64url
from lockagent.protocol.reader_certificate import sign_reader_certificate
from lockagent.protocol.trust_bundle import sign_bundle
from mobile_sdk import (
    DoorNotAuthentic,
    DoorNotFound,
    FileKeyStore,
    LinkLost,
    Opened,
    Phone,
    Refused,
    StoreUnreadable,
)
from policies.grant import Window
from policies.vocabulary import Instant
from tests.lockagent.door_rig import DoorRig
from tests.mobile_sdk.issuer_simulator import MAIN_DOOR, WHY_AGE, IssuerSimulator, keyring_point
from tests.mobile_sdk.simulated_air import SimulatedAir
from tests.town import (
    NOW,
    READER_ISSUER_KEY,
    REALM,
    bundle,
    fixed_key,
    grant_of,
    reader_certificate,
)

TOMORROW = Instant(NOW + 15 * 3600)
Load = Callable[[], Phone]


@pytest.fixture
def air(rig: DoorRig) -> SimulatedAir:
    """The air between the phone and the rig's door."""
    return SimulatedAir(rig)


@pytest.fixture
def load(phone: Phone, store: FileKeyStore, clock: str, air: SimulatedAir) -> Load:
    """The enrolled phone as another process would load it, beside the door."""
    return lambda: Phone.load(store, radio=air, clock=clock, language="nb")


async def test_an_enrolled_phone_opens_the_door_without_having_refreshed(
    load: Load, air: SimulatedAir, rig: DoorRig
) -> None:
    steps: list[str] = []
    outcome = await load().open(MAIN_DOOR, progress=steps.append)
    assert isinstance(outcome, Opened)
    assert (outcome.strike_seconds, len(outcome.attempt)) == (5, 8)
    assert steps == ["asking", "finding", "connecting", "verifying", "presenting", "waiting"]
    assert len(rig.entries(EventKind.ACCESS_GRANTED)) == 1


async def test_keys_fetched_earlier_open_without_the_server(
    issuer: IssuerSimulator, phone: Phone, load: Load
) -> None:
    await phone.refresh()
    issuer.calls.clear()
    assert isinstance(await load().open(MAIN_DOOR), Opened)
    assert issuer.calls == []


@pytest.mark.parametrize("att_mtu", [23, 185, 517])
async def test_any_att_mtu_will_do(
    phone: Phone, load: Load, air: SimulatedAir, att_mtu: int
) -> None:
    air.att_mtu = att_mtu
    assert isinstance(await load().open(MAIN_DOOR), Opened)
    assert max(map(len, air.written)) <= fragment_bytes(att_mtu)


async def test_the_door_refuses_and_the_phone_says_why_and_when_it_opens(
    issuer: IssuerSimulator, load: Load
) -> None:
    issuer.grants["torshov"] = grant_of(windows=(Window(TOMORROW, Instant(TOMORROW + 3600)),))
    issuer.keyring_points = [
        keyring_point(
            MAIN_DOOR, 4711, open_now=False, opens_at="2026-10-15T08:00:00Z", why=(WHY_AGE,)
        )
    ]
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason, outcome.why) == ("door", "not-now", ("age",))
    assert outcome.opens_at == TOMORROW
    assert outcome.sentence == (
        "Døra åpner ikke for deg nå. Du må ha fylt 15 år. Åpner for deg i morgen kl. 10.00."
    )


async def test_without_a_credential_the_phone_says_why_and_does_not_connect(
    issuer: IssuerSimulator, phone: Phone, load: Load, air: SimulatedAir
) -> None:
    why = {
        "rule": "residents",
        "reason": "resident",
        "sentence": "Dette er bare for dem som bor her.",
    }
    issuer.keyring_points = [keyring_point(MAIN_DOOR, 4711, open_now=False, why=(why,))]
    issuer.grants.clear()
    await phone.refresh()
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason) == ("phone", "resident")
    assert outcome.sentence == "Dette er bare for dem som bor her."
    assert air.connections == 0


async def test_offline_without_a_credential_the_keyring_still_says_why(
    issuer: IssuerSimulator, phone: Phone, load: Load, air: SimulatedAir
) -> None:
    issuer.keyring_points = [keyring_point(MAIN_DOOR, 4711, open_now=False, why=(WHY_AGE,))]
    await phone.refresh()
    issuer.twist = _server_down
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason, air.connections) == ("phone", "age", 0)


async def test_a_door_nobody_told_of_is_refused_by_the_phone(load: Load, air: SimulatedAir) -> None:
    outcome = await load().open("ekeberg/hall/2")
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason, air.connections) == ("phone", "unknown-door", 0)


async def test_a_sensitive_door_is_asked_for_on_the_way(
    issuer: IssuerSimulator, phone: Phone, load: Load
) -> None:
    issuer.grants.clear()
    await phone.refresh()
    issuer.on_the_way[MAIN_DOOR] = grant_of(windows=(Window(NOW, Instant(NOW + 900)),))
    assert isinstance(await load().open(MAIN_DOOR), Opened)


def _open_by_another_rule(issuer: IssuerSimulator) -> None:
    """The keyring has the door open now; what a refresh gives opens it tomorrow."""
    issuer.grants["torshov"] = grant_of(windows=(Window(TOMORROW, Instant(TOMORROW + 3600)),))


async def test_a_door_that_is_open_by_a_rule_with_limits_is_asked_for_on_the_way(
    issuer: IssuerSimulator, phone: Phone, load: Load
) -> None:
    _open_by_another_rule(issuer)
    await phone.refresh()
    issuer.on_the_way[MAIN_DOOR] = grant_of(windows=(Window(NOW, Instant(NOW + 900)),))
    issuer.calls.clear()
    assert isinstance(await load().open(MAIN_DOOR), Opened)
    assert "/v1/me/keyring" not in issuer.calls, "one key is asked for, not all of them"


async def test_where_the_server_says_no_on_the_way_its_word_is_told(
    issuer: IssuerSimulator, phone: Phone, load: Load, air: SimulatedAir
) -> None:
    _open_by_another_rule(issuer)
    await phone.refresh()
    why = {"rule": "twice", "reason": "limits", "sentence": "Besøkene er brukt opp."}
    issuer.keyring_points = [keyring_point(MAIN_DOOR, 4711, open_now=False, why=(why,))]
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason, outcome.why) == ("phone", "limits", ("limits",))
    assert (outcome.sentence, air.connections) == ("Besøkene er brukt opp.", 0)


async def test_where_the_server_is_down_on_the_way_the_door_is_asked_with_what_is_held(
    issuer: IssuerSimulator, phone: Phone, load: Load, air: SimulatedAir
) -> None:
    _open_by_another_rule(issuer)
    await phone.refresh()
    issuer.twist = _server_down
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, air.connections) == ("door", 1)


async def test_a_sensitive_door_offline_says_that_the_key_has_to_be_fetched(
    issuer: IssuerSimulator, phone: Phone, load: Load, air: SimulatedAir
) -> None:
    issuer.grants.clear()
    await phone.refresh()
    issuer.twist = _server_down
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason, air.connections) == ("phone", "offline", 0)


@pytest.mark.parametrize(
    ("status", "problem", "reason", "sentence"),
    [
        (401, "invalid_client", "phone-unknown", "Be om en ny kode"),
        (400, "invalid_dpop_proof", "phone-clock", "Still klokka på automatisk"),
    ],
)
async def test_what_the_server_has_against_the_phone_is_told_by_what_to_do(
    issuer: IssuerSimulator,
    phone: Phone,
    load: Load,
    status: int,
    problem: str,
    reason: str,
    sentence: str,
) -> None:
    issuer.grants.clear()
    await phone.refresh()
    issuer.twist = lambda *_: web.json_response({"error": problem}, status=status)
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason) == ("phone", reason)
    assert sentence in outcome.sentence


async def test_with_a_credential_the_door_decides_and_not_the_phones_clock(
    issuer: IssuerSimulator,
    phone: Phone,
    store: FileKeyStore,
    air: SimulatedAir,
    late_clock: str,
) -> None:
    await phone.refresh()
    issuer.twist = _server_down
    late = Phone.load(store, radio=air, clock=late_clock, language="en")
    assert late.access_points()[0].has_key is False
    assert isinstance(await late.open(MAIN_DOOR), Opened)


async def test_a_lapsed_key_from_the_way_is_still_shown_where_the_server_is_down(
    issuer: IssuerSimulator, load: Load, store: FileKeyStore, air: SimulatedAir, late_clock: str
) -> None:
    issuer.grants.clear()
    issuer.on_the_way[MAIN_DOOR] = grant_of(windows=(Window(NOW, Instant(NOW + 900)),))
    assert isinstance(await load().open(MAIN_DOOR), Opened)
    issuer.twist = _server_down
    late = Phone.load(store, radio=air, clock=late_clock)
    assert isinstance(await late.open(MAIN_DOOR), Opened)


async def test_a_lost_answer_is_asked_again_with_the_same_attempt_and_one_pulse(
    load: Load, air: SimulatedAir, rig: DoorRig
) -> None:
    air.lose_results = 1
    steps: list[str] = []
    outcome = await load().open(MAIN_DOOR, progress=steps.append)
    assert isinstance(outcome, Opened)
    assert steps.count("retrying") == 1
    assert air.connections == 2
    assert len(rig.entries(EventKind.ACCESS_GRANTED)) == 1


async def test_a_link_lost_twice_is_said_so(load: Load, air: SimulatedAir) -> None:
    air.lose_results = 2
    with pytest.raises(LinkLost):
        await load().open(MAIN_DOOR)
    assert air.connections == 2


async def test_fragments_out_of_order_are_answered_by_nothing_and_asked_for_once_more(
    load: Load, air: SimulatedAir, rig: DoorRig
) -> None:
    air.garbled = 1
    assert isinstance(await load().open(MAIN_DOOR), Opened)
    assert (air.connections, len(rig.entries(EventKind.ACCESS_GRANTED))) == (2, 1)
    air.garbled, air.written = 2, []
    with pytest.raises(LinkLost, match="no FIRST"):
        await load().open(MAIN_DOOR)
    assert [len(fragment) for fragment in air.written] == [38, 38]


async def test_a_door_out_of_reach_is_not_found(load: Load, air: SimulatedAir) -> None:
    air.reader_id = type(air.reader_id)(b"\x00\x00\x00\x01")
    with pytest.raises(DoorNotFound, match="9f31c0aa"):
        await load().open(MAIN_DOOR, timeout=0.1)


async def test_a_door_that_is_another_gets_nothing_that_names_the_phone(
    load: Load, air: SimulatedAir, rig: DoorRig
) -> None:
    rig.town = replace(rig.town, identity=replace(rig.town.identity, key=fixed_key(7)))
    with pytest.raises(DoorNotAuthentic, match="P7"):
        await load().open(MAIN_DOOR)
    assert air.connections == 1
    assert air.written[-1][1:] == bytes.fromhex("0160")
    assert sum(map(len, air.written)) < 50


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"points": (4712,)}, "P5"),
        ({"facility": "ekeberg"}, "P5"),
        ({"versions": (2,)}, "P6"),
        ({"not_before": Instant(NOW + 3600)}, "P4"),
    ],
)
async def test_a_certificate_read_from_the_door_is_judged_like_one_held(
    load: Load, rig: DoorRig, changes: dict[str, object], step: str
) -> None:
    claims = replace(reader_certificate(), **changes)  # type: ignore[arg-type]  # why: a table
    signed = sign_reader_certificate(claims, REALM, READER_ISSUER_KEY)
    rig.town = replace(rig.town, identity=replace(rig.town.identity, certificate=signed))
    with pytest.raises(DoorNotAuthentic, match=step):
        await load().open(MAIN_DOOR)


async def test_a_renewed_certificate_is_read_from_the_door_and_believed(
    load: Load, rig: DoorRig
) -> None:
    claims = replace(reader_certificate(), cti=b"reader-2")
    signed = sign_reader_certificate(claims, REALM, READER_ISSUER_KEY)
    rig.town = replace(rig.town, identity=replace(rig.town.identity, certificate=signed))
    assert isinstance(await load().open(MAIN_DOOR), Opened)


async def test_a_reader_that_was_revoked_is_not_the_door(
    issuer: IssuerSimulator, load: Load
) -> None:
    issuer.bundles["torshov"] = replace(
        bundle(counter=2), revoked_readers=frozenset({reader_certificate().cti})
    )
    with pytest.raises(DoorNotAuthentic, match="revoked"):
        await load().open(MAIN_DOOR)


async def test_a_revoked_credential_is_refused_by_the_door_in_words_a_person_can_use(
    phone: Phone, load: Load, rig: DoorRig
) -> None:
    await phone.refresh()
    rig.hear(replace(bundle(counter=2), revoked=frozenset({0})))
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert (outcome.by, outcome.reason) == ("door", "credential")
    assert "gjelder ikke lenger" in outcome.sentence


async def test_trust_that_does_not_follow_from_the_pinned_root_is_not_read_back(
    phone: Phone, store: FileKeyStore, clock: str
) -> None:
    await phone.refresh()
    ring = json.loads(store.read("credentials/ring.json") or b"")
    forged = encode([[], sign_bundle(bundle(counter=9), REALM, fixed_key(9))])
    ring["trust"][0]["state"] = base64url(forged)
    store.write("credentials/ring.json", json.dumps(ring).encode())
    with pytest.raises(StoreUnreadable, match="as they were kept"):
        Phone.load(store, clock=clock)


async def test_the_list_says_of_a_door_opened_on_asking_that_it_is_open(
    phone: Phone, issuer: IssuerSimulator
) -> None:
    issuer.keyring_points = [
        keyring_point(MAIN_DOOR, 4711),
        keyring_point("torshov/entrance/side", 4712),
    ]
    await phone.refresh()
    side = phone.access_points()[1]
    assert (side.has_key, side.open_now) == (False, False)
    assert side.sentence == "Open now; the phone asks the municipality when you open."


async def test_the_list_shows_what_is_open_now_and_what_is_not(
    issuer: IssuerSimulator, phone: Phone
) -> None:
    issuer.keyring_points.append(
        keyring_point("torshov/entrance/side", 4712, open_now=False, why=(WHY_AGE,))
    )
    await phone.refresh()
    main, side = phone.access_points()
    assert (main.access_point, main.has_key, main.open_now, main.sentence) == (
        MAIN_DOOR,
        True,
        True,
        "",
    )
    assert (side.has_key, side.open_now, side.sentence) == (False, False, WHY_AGE["sentence"])


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("age", ""), ("no-grant", "Du har ingen nøkkel til denne døra.")],
)
async def test_a_reason_worded_in_another_language_is_said_in_the_phones_own_words_or_not_at_all(
    issuer: IssuerSimulator, phone: Phone, load: Load, reason: str, sentence: str
) -> None:
    why = {"rule": "any", "reason": reason, "sentence": "An English sentence."}
    issuer.keyring_points = [keyring_point(MAIN_DOOR, 4711, open_now=False, why=(why,))]
    await phone.refresh()
    assert phone.access_points()[0].sentence == "An English sentence."
    said = load().access_points()[0].sentence
    assert said.startswith(sentence) if sentence else said == ""
    issuer.twist = _server_down
    outcome = await load().open(MAIN_DOOR)
    assert isinstance(outcome, Refused)
    assert outcome.why == (reason,)
    assert outcome.sentence
    assert "English" not in outcome.sentence


def _server_down(*_: object) -> web.StreamResponse:
    return web.Response(status=503)
