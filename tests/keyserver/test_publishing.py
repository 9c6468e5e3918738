"""Importing and publishing: whole or not at all, with line and key, and never dangling."""

import asyncio
from functools import partial

import pytest
import sqlalchemy as sa

from keyserver.errors import AdministratorError, Superseded
from keyserver.services.counters import Counter, read_counter
from keyserver.services.issuing.revocation import LEFT_THE_REGISTER
from keyserver.services.people.register_change import (
    RegistersToBe,
    change_registers,
    conclude_change,
    plan_change,
)
from keyserver.services.people.registers import Governing, read_registers, subject_of
from keyserver.services.people.revision_records import newest_revision
from keyserver.storage.tables import revocation
from policies.documents.document import load_policies
from policies.documents.people_file import parse_people
from policies.documents.place_file import parse_places
from policies.errors import PolicyError
from policies.public_holidays import norwegian_holidays
from policies.revisions import RevisionNumber
from policies.vocabulary import AccessPointId
from tests.keyserver.test_issuance import ask, claims, document, request
from tests.keyserver.town_hall import (
    NORA,
    TownHall,
    example,
    example_documents,
)

PLACES = example("places.yaml")
SIDE = "{id: torshov/entrance/side, number: 4712,"


async def test_what_is_imported_is_what_the_engine_reads(hall: TownHall) -> None:
    people = parse_people(example("people.yaml"), "people.yaml", parse_places(PLACES, "p"))
    for person, subject in people.items():
        kept = await hall.installation.store.read(
            lambda connection, person=person: subject_of(connection, hall.tenant.id, person)  # type: ignore[misc] # why: mypy infers no lambda with a default
        )
        assert kept == subject


async def test_the_same_documents_again_are_the_revision_in_force(hall: TownHall) -> None:
    again = await hall.publish(example_documents())
    assert (again.revision, again.is_new) == (1, False)
    assert await hall.rows("revision") == 1


async def test_a_revision_is_numbered_and_never_changed(hall: TownHall) -> None:
    changed = await hall.publish({"torshov.yaml": document({"mon": ["10:00-18:00"]})})
    assert (changed.revision, changed.is_new) == (2, True)
    back = await hall.publish(example_documents())
    assert (back.revision, back.is_new) == (3, True)
    assert await hall.rows("revision") == 3


async def test_a_revision_keeps_the_holidays_it_was_read_with(hall: TownHall) -> None:
    kept = await hall.installation.store.read(
        lambda connection: newest_revision(connection, hall.tenant.id)
    )
    assert kept is not None
    assert kept.content.holidays == norwegian_holidays()
    assert dict(kept.content.documents) == example_documents()


async def test_a_faulty_document_is_refused_with_line_and_key_and_changes_nothing(
    hall: TownHall,
) -> None:
    faulty = document({"mon": ["10:00-18:00"]}).replace("allow: anyone", "allow: everyone")
    with pytest.raises(PolicyError) as refused:
        await hall.publish({"torshov.yaml": faulty})
    assert str(refused.value).startswith("torshov.yaml:4: policies[0]")
    assert await hall.rows("revision") == 1


async def test_places_that_a_document_in_force_needs_cannot_be_taken_away(hall: TownHall) -> None:
    without = "\n".join(line for line in PLACES.splitlines() if "storgata-7" not in line)
    with pytest.raises(PolicyError, match="storgata-7"):
        await hall.import_places(without + "\n")
    assert await hall.rows("facility") == 4


async def test_an_access_point_number_is_never_used_again(hall: TownHall) -> None:
    with pytest.raises(AdministratorError, match="for ever"):
        await hall.import_places(
            PLACES.replace(SIDE, "{id: torshov/entrance/garden, number: 4712,")
        )
    without = "\n".join(line for line in PLACES.splitlines() if SIDE not in line) + "\n"
    await hall.import_places(without)
    with pytest.raises(AdministratorError, match="for ever"):
        await hall.import_places(
            PLACES.replace(SIDE, "{id: torshov/entrance/garden, number: 4712,")
        )
    await hall.import_places(PLACES)


async def test_an_access_point_keeps_its_number(hall: TownHall) -> None:
    with pytest.raises(AdministratorError, match="keep its number 4712"):
        await hall.import_places(PLACES.replace("number: 4712", "number: 4799"))


async def test_places_of_another_tenant_are_refused(hall: TownHall) -> None:
    with pytest.raises(AdministratorError, match="expected places of tenant oslo, got bergen"):
        await hall.import_places(PLACES.replace("{id: oslo,", "{id: bergen,"))


async def test_a_faulty_people_file_changes_nothing(hall: TownHall) -> None:
    people = example("people.yaml")
    with pytest.raises(PolicyError, match=r"people\.yaml:\d+"):
        await hall.import_people(people.replace("born: 2010-03-01", "born: 2010-02-30"))
    with pytest.raises(PolicyError):
        await hall.import_people(people.replace("deichman/youth", "deichman/unheard-of"))
    kept = await hall.installation.store.read(
        lambda connection: subject_of(connection, hall.tenant.id, NORA)
    )
    assert kept is not None
    assert kept.born is not None


async def test_every_import_of_places_gives_each_facility_a_bundle(hall: TownHall) -> None:
    assert await hall.rows("bundle") == 4
    await hall.import_places(PLACES)
    assert await hall.rows("bundle") == 4


async def test_an_import_tells_what_it_took_and_keeps_why(hall: TownHall) -> None:
    for _ in range(2):
        await hall.enrol(NORA)
    imported = await hall.import_people(example("people.yaml").replace("id: nora", "id: noora"))
    assert imported.before == imported.count
    assert (imported.leavers.people, imported.leavers.devices) == (1, 2)
    kept = await hall.installation.store.read(
        lambda connection: connection.execute(sa.select(revocation)).one()
    )
    assert (kept.kind, kept.target, kept.reason) == ("person", NORA, LEFT_THE_REGISTER)


async def test_an_empty_people_file_is_refused_and_takes_nothing(hall: TownHall) -> None:
    nora = await hall.enrol(NORA)
    with pytest.raises((AdministratorError, PolicyError)):
        await hall.import_people("people: []\n")
    assert await hall.tenant.clients.find(nora.client.id) is not None


async def test_a_plan_that_something_else_overtook_is_made_again(hall: TownHall) -> None:
    store, planned = hall.installation.store, list[int]()

    def plan(connection: sa.Connection) -> int:
        planned.append(read_counter(connection, hall.tenant.id, Counter.REGISTERS))
        return planned[-1]

    def take(connection: sa.Connection, generation: int) -> int:
        if len(planned) == 1:
            raise Superseded
        return generation

    assert await change_registers(store, plan, take) == planned[-1]
    assert len(planned) == 2


async def test_two_changes_at_once_both_count(hall: TownHall) -> None:
    people = example("people.yaml")
    await asyncio.gather(
        hall.publish({"torshov.yaml": document({"mon": ["10:00-18:00"]})}),
        hall.import_people(people.replace("id: nora", "id: noora")),
        hall.import_places(PLACES.replace("name: Hovedinngang", "name: Inngang")),
    )
    registers = await hall.installation.store.read(
        lambda connection: read_registers(connection, hall.tenant.id, hall.at)
    )
    assert registers is not None
    assert registers.in_force(hall.at).number == 2
    assert registers.places.by_id[AccessPointId("torshov/entrance/main")].name == "Inngang"
    assert await hall.rows("person") == people.count("- id:") + people.count("- {id:")


async def test_D04_what_is_issued_while_a_change_is_planned_is_examined_with_it(
    hall: TownHall,
) -> None:
    nora = await hall.enrol(NORA)
    first = claims((await ask(hall, nora, [request()])).credentials[0])
    authority = hall.tenant.authority

    def plan(connection: sa.Connection) -> RegistersToBe:
        known = read_registers(connection, hall.tenant.id, hall.at)
        if known is None:
            pytest.fail("expected registers, got none")
        empty = load_policies({}, known.places, norwegian_holidays())
        nothing = known.followed_by(hall.at, Governing(RevisionNumber(2), empty))
        subjects = partial(subject_of, connection, hall.tenant.id)
        return plan_change(connection, hall.tenant.id, nothing, subjects, hall.at)

    planned = await hall.installation.store.read(plan)
    await ask(hall, nora, [request()])
    assert planned.excess.examined == {first.cti}

    def take(connection: sa.Connection) -> int:
        subjects = partial(subject_of, connection, hall.tenant.id)
        return conclude_change(connection, authority, planned, subjects, hall.at)

    assert await hall.write(take) == 2
