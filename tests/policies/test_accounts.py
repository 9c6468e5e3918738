"""Every rule accounted for: it applies, or what failed first and when that becomes true."""

from typing import Any

import pytest

from policies.explanation.accounts import Account, Applies
from policies.explanation.explaining import explain
from policies.model import Subject
from policies.telling.account_sentences import account_text
from policies.telling.language import Language
from policies.vocabulary import Action, Instant
from tests.policies import written
from tests.policies.test_explaining_records import CALENDARS, HALL, booking
from tests.policies.written import NORTH, PLACES, Doc, document, fact, instant, rule, subject

AT = "2026-10-14T17:00"
CHILD = {"born": "2012-05-03"}


def accounts(
    *rules: Doc,
    person: Subject | None = None,
    book: Doc | None = None,
    switches: dict[str, bool] | None = None,
    action: Action = Action.OPEN,
) -> tuple[Account, ...]:
    numbered = [{**each, "id": f"rule-{n}"} for n, each in enumerate(rules, 1)]
    policies = written.policies(document(*numbered, calendars=CALENDARS), book=book)
    someone = person or subject(CHILD)
    return explain(policies, someone, NORTH, action, instant(AT), switches).accounts


def only(each: Doc, **keys: Any) -> Account:
    (account,) = accounts(each, **keys)
    return account


def when(text: str | None) -> Instant | None:
    return None if text is None else instant(text)


@pytest.mark.parametrize(
    ("each", "applies", "failing", "met_at", "applies_at"),
    [
        (rule(allow="anyone"), Applies.SURELY, None, None, None),
        (rule(allow="anyone", during="c.staffed"), Applies.NOT, "during",
         "2026-10-15T08:00", "2026-10-15T08:00"),
        (rule(allow={"age": "15+"}), Applies.NOT, "age", "2027-05-02T22:00", "2027-05-02T22:00"),
        (rule(allow={"age": "15+"}, during="c.staffed"), Applies.NOT, "age",
         "2027-05-02T22:00", "2027-05-03T08:00"),
        (rule(allow={"age": "0-12"}), Applies.NOT, "age", None, None),
        (rule(allow={"terms": "house-3"}), Applies.NOT, "terms", None, None),
        (rule(allow={"all": [{"terms": "house-3"}, {"age": "15+"}]}), Applies.NOT, "terms",
         None, None),
        (rule(allow="anyone", from_="2026-10-20"), Applies.NOT, "from",
         "2026-10-19T22:00", "2026-10-19T22:00"),
        (rule(allow="anyone", until="2026-10-13"), Applies.NOT, "until", None, None),
        (rule(deny={"age": "0-15"}), Applies.SURELY, None, None, None),
        (rule(deny={"age": "15-17"}), Applies.NOT, "age", "2027-05-02T22:00", "2027-05-02T22:00"),
        (rule(deny="anyone", except_={"age": "0-15"}), Applies.NOT, "except", None,
         "2028-05-02T22:00"),
        (rule(unlock="anyone", during="c.evening"), Applies.SURELY, None, None, None),
    ],
)  # fmt: skip
def test_an_account_tells_what_failed_first_and_when_it_becomes_true(
    each: Doc, applies: Applies, failing: str | None, met_at: str | None, applies_at: str | None
) -> None:
    account = only(each)
    assert (account.applies, account.failing) == (applies, failing)
    assert account.met_at == when(met_at)
    expected = when(applies_at)
    is_far = expected is not None and expected > instant(AT) + 400 * 86_400
    assert account.applies_at == (None if is_far else expected)


def test_rules_that_speak_of_another_action_are_not_accounted_for() -> None:
    rules = (
        rule(allow="anyone", **{"with": {"actions": ["light"]}}),
        rule(deny={"list": "excluded"}),
    )
    assert [account.rule.id for account in accounts(*rules)] == ["rule-2"]
    assert len(accounts(*rules, action=Action.LIGHT)) == 2


LOCKDOWN = rule(deny="anyone", active={"switch": "lockdown/town"}, reason="lockdown")


@pytest.mark.parametrize(
    ("switches", "applies", "failing"),
    [
        (None, Applies.POSSIBLY, "switch"),
        ({}, Applies.POSSIBLY, "unknown"),
        ({"lockdown/town": True}, Applies.SURELY, None),
        ({"lockdown/town": False}, Applies.NOT, "switch"),
    ],
)
def test_a_deny_with_a_switch_stands_as_the_switch_does(
    switches: dict[str, bool] | None, applies: Applies, failing: str | None
) -> None:
    account = only(LOCKDOWN, switches=switches)
    assert (account.applies, account.failing) == (applies, failing)


def told(account: Account, language: Language, person: Subject | None = None) -> str:
    someone = person or subject(CHILD)
    return str(account_text(account, someone, instant(AT), PLACES, language))


STALE = subject(
    {**CHILD, "facts": [fact("member", "gym")], "fresh": {"member": "2026-10-14T06:12:00Z"}}
)


@pytest.mark.parametrize(
    ("each", "person", "nb", "en"),
    [
        (rule(allow="anyone", during="c.staffed"), None,
         "rule-1: åpner for deg i morgen kl. 10.00.",
         "rule-1: opens for you tomorrow at 10:00."),
        (rule(allow={"terms": "house-3"}), None,
         "rule-1: må godta vilkårene (house-3).", "rule-1: must accept the terms (house-3)."),
        (rule(allow={"all": [{"age": "15+"}, {"member": "gym"}]}), None,
         "rule-1: krever 15 år, fyller 15 mandag 3. mai 2027.",
         "rule-1: asks for age 15, turns 15 on Monday 3 May 2027."),
        (rule(allow={"member": "gym"}), STALE,
         "rule-1: vi får ikke vite om personen er medlem (registeret svarer ikke siden i dag kl."
         " 08.12).",
         "rule-1: we cannot tell whether the person is a member (the register has not answered"
         " since today at 08:12)."),
        (rule(deny={"member": "gym"}), STALE,
         "rule-1: vi får ikke vite om personen er medlem (registeret svarer ikke siden i dag kl."
         " 08.12), kan ikke utelukkes, og stenger derfor nå.",
         "rule-1: we cannot tell whether the person is a member (the register has not answered"
         " since today at 08:12), cannot be ruled out, and therefore denies now."),
        (rule(deny={"age": "0-15"}), None, "rule-1: stenger nå.", "rule-1: denies now."),
        (rule(allow="anyone"), None, "rule-1: gjelder nå.", "rule-1: applies now."),
        (LOCKDOWN, None, "rule-1: stenger hvis stengningen er på.",
         "rule-1: denies if the closure is on."),
    ],
)  # fmt: skip
def test_an_account_is_said_in_words(each: Doc, person: Subject | None, nb: str, en: str) -> None:
    account = only(each, person=person)
    assert told(account, Language.BOKMAAL, person) == nb
    assert told(account, Language.ENGLISH, person) == en


@pytest.mark.parametrize("language", Language)
def test_every_lack_has_words_in_every_language(language: Language) -> None:
    lacking = (
        {"age": "15+"}, {"age": "0-9"}, {"member": "gym"}, {"role": "staff"}, {"list": "guests"},
        {"resident": "building:town"}, {"resident": "municipality"}, {"terms": "house-3"},
        {"booking": "hall"}, {"assigned": "care"},
    )  # fmt: skip
    book: Doc = {"records": [], "unread": []}
    found = accounts(*(rule(allow=each) for each in lacking), book=book)
    said = [told(account, language) for account in found]
    assert len(set(said)) == len(lacking)
    unknown = subject({"unknown": ["age", "member", "role", "list", "resident", "terms"]})
    unread: Doc = {"records": [], "unread": ["booking", "assigned"]}
    doubted = accounts(*(rule(allow=each) for each in lacking), person=unknown, book=unread)
    assert {account.failing for account in doubted} == {"unknown"}
    assert all(told(account, language, unknown) for account in doubted)


def test_an_account_of_a_booking_is_that_of_the_nearest_record() -> None:
    friday = booking(2, "2026-10-16T18:00", "2026-10-16T20:00")
    account = only(HALL, book={"records": [friday], "unread": []})
    assert (account.failing, account.applies_at) == ("during", instant("2026-10-16T15:45"))
