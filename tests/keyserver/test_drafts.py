"""The life of a rule at the key server: drafts, effects, approvals, and revisions from later on."""

import pytest

from keyserver.errors import AdministratorError, Superseded
from keyserver.services.issuing.credential_records import Released
from keyserver.services.people.publishing import (
    ADMINISTRATOR,
    approve,
    make_way_back,
    publish_draft,
)
from keyserver.services.people.revision_records import governing, revision_heads, revision_of
from policies.errors import PolicyError
from policies.grant import Grant
from policies.revisions import NeedsApproval, NotPublishable, RevisionNumber
from policies.vocabulary import AccessPointNumber, Action, Instant
from tests.keyserver.test_issuance import ask, claims, document, live, request
from tests.keyserver.town_hall import (
    AMUND,
    NORA,
    NOW,
    ODD,
    TownHall,
    example,
    example_documents,
    torshov,
)

MAIN, PLANT_ROOM = AccessPointNumber(4711), AccessPointNumber(7402)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
ALWAYS = torshov('{id: open, doors: "building:torshov", allow: anyone, during: always}')
NEVER = torshov(
    '{id: none, doors: "building:torshov", allow: {list: deichman-excluded}, during: always}'
)


def with_swimmers() -> dict[str, str]:
    """The documents with everybody of the pool in its plant room."""
    documents = example_documents()
    wider = "allow: {any: [{role: pool-technician}, {member: swim-pass}]}"
    documents["pool.yaml"] = documents["pool.yaml"].replace("allow: {role: pool-technician}", wider)
    return documents


async def test_a_draft_governs_nothing(hall: TownHall) -> None:
    await hall.draft(NEVER)
    assert await hall.rows("revision") == 1
    nora = await hall.enrol(NORA)
    assert (await ask(hall, nora, [request()])).credentials


async def test_the_same_draft_again_is_the_one_that_is_there(hall: TownHall) -> None:
    first, again = await hall.draft(NEVER), await hall.draft(NEVER)
    assert first == again
    assert (await hall.draft(NEVER, author=ODD)).id != first.id
    assert (await hall.draft(ALWAYS)).id != first.id


@pytest.mark.parametrize("author", ["nobody", ""])
async def test_a_draft_has_an_author_whom_the_register_knows(hall: TownHall, author: str) -> None:
    with pytest.raises(AdministratorError, match="expected a person of the register"):
        await hall.draft(ALWAYS, author=author)


async def test_what_no_part_enforces_is_no_draft(hall: TownHall) -> None:
    rule = '{id: x, doors: "building:torshov", allow: anyone, during: always, with: {share: 2}}'
    with pytest.raises(PolicyError, match=r"torshov\.yaml:4: policies\[0\]\.with\.share: share is"):
        await hall.draft(torshov(rule))
    assert await hall.rows("draft") == 1, "the one that founded the town"


async def test_the_effect_is_counted_on_everybody_before_anything_is_saved(hall: TownHall) -> None:
    effect = await hall.weigh((await hall.draft(with_swimmers())).id)
    assert effect.impact is not None
    assert effect.impact.gaining_by_point() == {PLANT_ROOM: 1}
    assert AMUND in effect.impact.gaining
    assert [str(reason) for reason in effect.reasons] == [
        "fewer than 3 people gain at frogner-pool/plant-room, which is sensitive"
    ]
    assert await hall.rows("revision") == 1


async def test_a_gain_at_a_sensitive_place_waits_for_somebody_elses_approval(
    hall: TownHall,
) -> None:
    store, authority = hall.installation.store, hall.tenant.authority
    effect = await hall.weigh((await hall.draft(with_swimmers(), author=ODD)).id)
    with pytest.raises(NeedsApproval, match="another person than odd"):
        await publish_draft(store, authority, effect, hall.at)
    with pytest.raises(NotPublishable, match="another person than the author"):
        await approve(store, hall.tenant.id, effect, ODD, hall.at)
    with pytest.raises(AdministratorError, match="expected a person of the register"):
        await approve(store, hall.tenant.id, effect, type(ODD)("nobody"), hall.at)
    assert await hall.rows("approval") == 0
    await approve(store, hall.tenant.id, effect, NORA, hall.at)
    assert (await publish_draft(store, authority, effect, hall.at)).revision == 2


async def test_an_approval_of_another_effect_does_not_count(hall: TownHall) -> None:
    store, authority = hall.installation.store, hall.tenant.authority
    draft = await hall.draft(with_swimmers(), author=ODD)
    effect = await hall.weigh(draft.id)
    await approve(store, hall.tenant.id, effect, NORA, hall.at)
    await hall.import_people(
        example("people.yaml").replace(
            "- id: ingrid\n",
            "- {id: ida, facts: [{kind: member, value: swim-pass, source: x}]}\n- id: ingrid\n",
        )
    )
    grown = await hall.weigh(draft.id)
    assert len(grown.reasons) == len(effect.reasons)
    with pytest.raises(NeedsApproval, match="got one of another effect"):
        await publish_draft(store, authority, grown, hall.at)
    await approve(store, hall.tenant.id, grown, NORA, hall.at)
    assert (await publish_draft(store, authority, grown, hall.at)).revision == 2


async def test_what_does_away_with_a_revision_to_come_is_compared_with_it(hall: TownHall) -> None:
    documents = example_documents()
    pool = documents["pool.yaml"]
    wider = with_swimmers()
    await hall.publish(wider)
    narrow = documents | {"pool.yaml": pool}
    await hall.publish(narrow, active_from=Instant(NOW + 2 * DAY))
    again = wider | {"pool.yaml": wider["pool.yaml"] + "# the same rules\n"}
    effect = await hall.weigh((await hall.draft(again, author=ODD)).id)
    assert effect.replaced == (3,)
    assert effect.impact is not None
    assert effect.impact.first is None
    (reason,) = effect.reasons
    assert str(reason).endswith("sensitive, compared with revision 3, which is to come")
    with pytest.raises(NeedsApproval):
        await publish_draft(hall.installation.store, hall.tenant.authority, effect, hall.at)


async def test_a_distant_instant_hides_no_gain(hall: TownHall) -> None:
    draft = await hall.draft(with_swimmers())
    effect = await hall.weigh(draft.id, Instant(NOW + 1000 * DAY))
    assert effect.impact is not None
    assert not effect.impact.gaining_by_point(), "everybody's pass has ended by then"
    assert effect.reasons


async def test_a_door_that_comes_to_stand_unlocked_needs_approval(hall: TownHall) -> None:
    unlock = '{id: x, doors: "door:torshov/entrance/main", unlock: anyone, during: always}'
    documents = example_documents() | torshov(unlock)
    effect = await hall.weigh((await hall.draft(documents)).id)
    assert [str(reason) for reason in effect.reasons] == [
        "torshov/entrance/main comes to stand unlocked, to everybody"
    ]


async def test_a_draft_on_an_older_revision_is_made_anew(hall: TownHall) -> None:
    draft = await hall.draft(NEVER)
    await hall.publish(ALWAYS)
    effect = await hall.weigh(draft.id)
    with pytest.raises(NotPublishable, match=f"built on revision 2, got {draft.id} on 1"):
        await publish_draft(hall.installation.store, hall.tenant.authority, effect, hall.at)


async def test_what_is_published_is_what_was_weighed(hall: TownHall) -> None:
    effect = await hall.weigh((await hall.draft(NEVER)).id)
    await hall.import_people(example("people.yaml"))
    with pytest.raises(Superseded):
        await publish_draft(hall.installation.store, hall.tenant.authority, effect, hall.at)
    assert await hall.rows("revision") == 1


async def test_the_first_revision_needs_nobody(hall: TownHall) -> None:
    heads = await hall.installation.store.read(
        lambda connection: revision_heads(connection, hall.tenant.id)
    )
    assert [(head.number, head.author) for head in heads] == [(1, ADMINISTRATOR)]
    assert await hall.rows("approval") == 0


async def test_the_checks_warn_of_doors_nobody_can_open(hall: TownHall) -> None:
    effect = await hall.weigh((await hall.draft(ALWAYS)).id)
    told = {finding.sentence(effect.places) for finding in effect.findings}
    assert "No rule speaks for storgata-7/waste." in told


async def test_the_way_back_is_a_new_revision_with_the_old_content(hall: TownHall) -> None:
    store, authority = hall.installation.store, hall.tenant.authority
    await hall.publish(NEVER)
    back = await make_way_back(store, authority, RevisionNumber(1), ODD, hall.at)
    effect = await hall.weigh(back.id)
    await approve(store, hall.tenant.id, effect, NORA, hall.at)
    done = await publish_draft(store, authority, effect, hall.at)
    assert (done.revision, done.is_new) == (3, True)
    first, third = [
        await store.read(
            lambda connection, n=number: revision_of(connection, hall.tenant.id, RevisionNumber(n))  # type: ignore[misc] # why: mypy infers no lambda with a default
        )
        for number in (1, 3)
    ]
    assert first is not None
    assert third is not None
    assert third.content == first.content
    assert (third.rolled_back_to, third.author) == (1, ODD)
    with pytest.raises(AdministratorError, match="revision that was published, got 9"):
        await make_way_back(store, authority, RevisionNumber(9), ODD, hall.at)


def permitted(released: Released, *seconds: int) -> list[bool]:
    """Whether the main entrance opens so many seconds from now."""
    grant: Grant = claims(released).grant
    return [grant.permits(MAIN, Action.OPEN, Instant(NOW + each)) for each in seconds]


async def test_a_revision_from_later_on_governs_from_then_on(hall: TownHall) -> None:
    await hall.publish(NEVER, active_from=Instant(NOW + HOUR))
    nora = await hall.enrol(NORA)
    assert (await ask(hall, nora, [request()])).credentials
    hall.clock.at += HOUR - 1
    assert (await ask(hall, nora, [request()])).credentials
    hall.clock.at += 1
    assert not (await ask(hall, nora, [request()])).credentials


async def test_a_credential_over_the_turn_holds_the_old_windows_up_to_it_and_the_new_after(
    hall: TownHall,
) -> None:
    turn = 13 * HOUR + 7 * MINUTE + 1  # 08:07:01 next morning, in self-service hours
    await hall.publish(NEVER, active_from=Instant(NOW + turn))
    nora = await hall.enrol(NORA)
    released = (await ask(hall, nora, [request()])).credentials[0]
    assert permitted(released, 0, turn - 1, turn, turn + HOUR) == [True, True, False, False]
    assert claims(released).revision == 1
    await hall.publish(ALWAYS, active_from=Instant(NOW + 2 * HOUR))
    released = (await ask(hall, nora, [request()])).credentials[0]
    assert permitted(released, 0, 4 * HOUR, turn, turn + HOUR) == [True, True, True, True]


async def test_a_publication_from_later_on_revokes_what_holds_windows_after_it(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    done = await hall.publish(NEVER, active_from=Instant(NOW + 30 * HOUR))
    assert (done.revoked, await live(hall)) == (0, 1), "it has ended by then"
    done = await hall.publish(example_documents(), active_from=Instant(NOW + 31 * HOUR))
    done = await hall.publish(NEVER, active_from=Instant(NOW + HOUR))
    assert (done.revoked, await live(hall)) == (1, 0)
    released = (await ask(hall, nora, [request()])).credentials[0]
    assert permitted(released, 0, HOUR - 1, HOUR) == [True, True, False]


async def test_a_turn_that_comes_revokes_nothing_that_was_issued_for_it(hall: TownHall) -> None:
    await hall.publish(ALWAYS, active_from=Instant(NOW + HOUR))
    nora = await hall.enrol(NORA)
    await ask(hall, nora, [request()])
    hall.clock.at += 2 * HOUR
    assert (await hall.import_people(example("people.yaml"))).credentials_revoked == 0


async def test_what_is_published_later_replaces_what_was_to_come(hall: TownHall) -> None:
    await hall.publish(NEVER, active_from=Instant(NOW + 2 * DAY))
    effect = await hall.weigh((await hall.draft(ALWAYS)).id)
    assert effect.replaced == (2,)
    await hall.publish(ALWAYS)
    timeline = await hall.installation.store.read(
        lambda connection: governing(connection, hall.tenant.id)
    )
    assert [timeline.in_force(Instant(NOW + days * DAY)) for days in (0, 1, 2, 9)] == [3] * 4


async def test_nothing_is_published_from_the_past(hall: TownHall) -> None:
    with pytest.raises(NotPublishable, match="not decided again"):
        await hall.publish(ALWAYS, active_from=Instant(NOW - 1))


async def test_the_keyring_tells_when_a_coming_revision_opens(hall: TownHall) -> None:
    await hall.publish(NEVER)
    await hall.publish(
        {"torshov.yaml": document({"mon-sun": ["00:00-24:00"]})}, active_from=Instant(NOW + HOUR)
    )
    nora = await hall.enrol(NORA)
    keyring = await hall.tenant.keyring.of(nora.client, "en", hall.at)
    points = {
        point.number: point for facility in keyring.facilities for point in facility.access_points
    }
    assert not points[MAIN].open_now
    assert points[MAIN].opens_at == NOW + HOUR
    assert points[MAIN].why
