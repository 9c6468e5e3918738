"""What each verb answers on the situations of Fossvik: tables for people, JSON for programs."""

import json
import re
from pathlib import Path

import pytest

from policies.__main__ import main
from tests.policies.command_line import without_progress
from tests.policies.fossvik import DOCUMENTS, FOLDER
from tests.policies.town_documents import DOCUMENTS as TOWN
from tests.policies.town_documents import PEOPLE_FILE, PLACES_FILE
from tests.policies.written import Doc

PLACES = ["--places", str(FOLDER / "places.yaml")]
PEOPLE = ["--people", str(FOLDER / "people.yaml")]
RECORDS = ["--records", str(FOLDER / "records.yaml")]
REGISTERS = [*PLACES, *PEOPLE, *RECORDS]
TOWN_PLACES = ["--places", str(PLACES_FILE)]
TOWN_PEOPLE = ["--people", str(PEOPLE_FILE)]


def of(*situations: int) -> list[str]:
    """The documents of these situations."""
    return [str(DOCUMENTS[situation]) for situation in situations]


def told(argv: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> list[Doc]:
    """What a command says to programs."""
    assert main([*argv, "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def said(argv: list[str], capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    """What a command says to people."""
    assert main(argv) == code
    return capsys.readouterr().out


class TestExplain:
    """`explain`: the answer, and how each rule stands to it."""

    POOL = ("explain", "emil", "skogly/pool/door", "--at", "2026-10-14T17:56")

    def test_what_windows_do_not_hold_is_beside_the_yes(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = said([*self.POOL, *REGISTERS, *of(9)], capsys)
        assert text.startswith("yes, subject to what is said below: You may unlock.")
        assert "subject to     after somebody has opened who meets {role: lifesaver}" in text
        assert "\nskogly-club-swimmers  allow  yes\n" in text

    def test_records_that_were_not_given_are_unknown_not_empty(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (answer,) = told([*self.POOL, *PLACES, *PEOPLE, *of(9)], capsys, code=1)
        assert (answer["permitted"], answer["reason"]) == (False, "unknown")
        swimmers = answer["rules"][1]
        assert (swimmers["applies"], swimmers["failing"]) == ("possibly", "unknown")
        assert swimmers["lacking"] == {"booking": "skogly-pool", "as": ["invited"]}

    def test_a_door_that_stands_unlocked_is_a_yes_without_a_key(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["explain", "gerd", "verket/entrance/main", "--at", "2026-10-15T10:30"]
        (answer,) = told([*argv, *REGISTERS, *of(1)], capsys)
        assert (answer["permitted"], answer["stands_unlocked"]) == (False, True)
        assert answer["unlocked"][0]["start"] == "2026-10-15T08:30:00Z"

    def test_a_switch_that_was_read_and_is_on_is_a_no(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["decide", "kari", "flatahallen/hall/door", "--at", "2026-10-14T19:00"]
        assert said([*argv, *REGISTERS, *of(20)], capsys, code=1).startswith("no (flood,")
        (answer,) = told([*argv, *PLACES, *PEOPLE, *of(20)], capsys)
        (switch,) = answer["subject_to"]
        assert (switch["switch"], switch["is_on"]) == ("closed/flatahallen", None)
        assert "counts as on" in switch["sentence"]

    @pytest.mark.parametrize(
        ("language", "text"), [("nb", "Du kan låse opp"), ("se", "Don sáhtát")]
    )
    def test_the_sentence_is_in_the_language_asked_for(
        self, language: str, text: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["decide", "nora", "torshov/entrance/main", "--at", "2026-10-14T19:00"]
        argv += [*TOWN_PLACES, *TOWN_PEOPLE, "--lang", language, str(TOWN[0])]
        assert text in said(argv, capsys)


class TestWhoAndWhat:
    """`who` counts, `what` lists."""

    def test_somebody_with_a_protected_address_is_counted_and_never_named(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["who", "storgata-12/waste", "--at", "2026-10-14T19:00", *REGISTERS, *of(23)]
        (counted,) = told(argv, capsys)
        assert "named" not in counted
        (answer,) = told([*argv, "--names"], capsys)
        assert answer["people"] == counted["people"] == len(answer["named"]) + 1
        assert "unn" not in json.dumps(answer).replace("unnamed", "")
        text = said([*argv, "--names"], capsys)
        assert not re.search(r"\bunn\b", text)
        assert "and fewer than 3 with a protected address, who are not named" in text

    def test_whoever_lists_names_is_told_to_log_it(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["who", "storgata-12/waste", "--at", "2026-10-14T19:00", *REGISTERS, *of(23)]
        assert main(argv) == 0
        assert without_progress(capsys.readouterr().err) == ""
        assert main([*argv, "--names"]) == 0
        assert "logs that they looked" in capsys.readouterr().err

    def test_fewer_than_three_are_told_as_that_and_none_as_none(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["who", "radhuset/main", *REGISTERS, *of(15), "--at"]
        (open_now,) = told([*argv, "2026-10-15T10:00"], capsys)
        assert (open_now["people"], open_now["stands_unlocked"]) == ("fewer than 3", True)
        plant = ["who", "arena/plant-room", "--at", "2026-10-15T10:00", *REGISTERS, *of(13)]
        assert said(plant, capsys).startswith("nobody can open arena/plant-room\n")
        (nobody,) = told(plant, capsys)
        assert nobody["people"] == 0

    def test_all_but_a_few_are_told_as_that_for_the_few_could_be_somebody(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        written = TOWN[0].read_text().replace("{list: deichman-excluded}", "anyone")
        closed = tmp_path / "torshov.yaml"
        closed.write_text(f"{written}  except: {{role: torshov-staff}}\n")
        argv = ["who", "torshov/entrance/main", "--at", "2026-10-14T19:00"]
        (answer,) = told([*argv, *TOWN_PLACES, *TOWN_PEOPLE, str(closed)], capsys)
        assert answer["rules"][-1]["people"] == "all but fewer than 3"
        assert answer["people"] == "fewer than 3"

    def test_a_switch_that_is_on_is_told_before_what_opens_when_it_is_off(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["who", "flatahallen/hall/door", "--at", "2026-10-14T19:00", *REGISTERS, *of(20)]
        text = said(argv, capsys)
        assert text.startswith(
            "closed while closed/flatahallen is on, as it is now; when it is off: fewer than 3"
        )
        assert "stands unlocked   nobody is asked for a key, subject to what is said below" in text
        (answer,) = told(argv, capsys)
        (switch,) = answer["subject_to"]
        assert (switch["switch"], switch["is_on"]) == ("closed/flatahallen", True)
        shown = said(["what", "kari", "--at", "2026-10-14T19:00", *REGISTERS, *of(20)], capsys)
        assert "it is on, and hours are told as if it were off" in shown

    def test_a_switch_that_was_not_read_or_is_off_does_not_close_the_count(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        at = ["solbakken/entrance/main", "--at", "2026-10-15T10:00", *PLACES, *PEOPLE]
        assert said(["who", *at, *RECORDS, *of(21)], capsys).startswith("3 people can")
        (unread,) = told(["who", *at, *of(21)], capsys)
        assert [each["is_on"] for each in unread["subject_to"]] == [None]

    def test_a_door_that_waits_for_its_staff_does_not_hold_back_their_key(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        at = ["--at", "2026-10-15T10:00", *REGISTERS, *of(15)]
        names = told(["who", "radhuset/main", *at, "--names"], capsys)[0]["named"]
        key = said(["decide", names[0], "radhuset/main", *at], capsys)
        assert key.startswith("yes: ")
        assert "stands unlocked once somebody has opened who meets" in key
        door = said(["decide", "gerd", "radhuset/main", *at], capsys)
        assert door.startswith("yes, subject to what is said below: ")

    def test_what_lists_keys_and_open_doors_and_once_what_they_are_subject_to(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["what", "gerd", "--at", "2026-10-15T10:00", *REGISTERS, *of(7, 15, 21, 22, 25)]
        text = said(argv, capsys)
        assert re.search(r"^elvebadet/turnstile/main +Billettsperre +Thu 10:00–21:00,$", text, re.M)
        assert re.search(r"^radhuset/main +Hovedinngang +Thu 10:00–15:30, +\d$", text, re.M)
        assert re.search(r"^skiheim/trail/lights +Lys i løypa +light +Thu 16:00", text, re.M)
        assert text.count("at most 18 visits in each year by each household") == 1
        by_point = {each["access_point"]: each for each in told(argv, capsys)}
        assert by_point["radhuset/main"]["windows"] == []
        assert by_point["radhuset/main"]["subject_to"][0]["kind"] == "after"
        assert by_point["skiheim/trail/lights"]["actions"] == ["light"]

    def test_somebody_without_rights_at_a_locked_door_has_nothing(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["what", "kari", "--at", "2026-10-14T19:00", *REGISTERS, *of(17)]
        assert "no door opens, with a key or without" in said(argv, capsys)
        assert told(argv, capsys) == []


class TestDiff:
    """`diff`: what an edit changes, and for whom."""

    AT = ("--at", "2026-10-14T19:00", *TOWN_PLACES, *TOWN_PEOPLE)

    def edited(self, tmp_path: Path, place: int, old: str, new: str) -> list[str]:
        """The command for an edit of one document of the town."""
        written = TOWN[place].read_text()
        assert old in written
        after = tmp_path / TOWN[place].name
        after.write_text(written.replace(old, new))
        return ["diff", "--before", str(TOWN[place]), "--after", str(after), *self.AT]

    def test_the_same_rules_written_elsewhere_change_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = self.edited(tmp_path, 0, "# The library", "# A comment\n\n# The library")
        assert "no rule changes" in said(argv, capsys)
        assert told(argv, capsys) == [{"event": "impact", "first": None, "gaining": 0, "losing": 0}]

    def test_a_calendar_changes_the_rules_that_speak_of_that_opening(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = self.edited(tmp_path, 0, 'sat: "10:00-15:00"', 'sat: "10:00-16:00"')
        rules = [each for each in told(argv, capsys) if each["event"] == "rule"]
        assert [(each["rule"], each["differences"]) for each in rules] == [
            ("torshov-open", ["the hours of torshov.staffed"])
        ]
        assert "changed    the hours of torshov.staffed" in said(argv, capsys)

    def test_what_is_not_in_the_sentence_is_told_as_written(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = self.edited(
            tmp_path, 1, "doors: door:storgata-7/waste", "doors: building:storgata-7"
        )
        text = said(argv, capsys)
        assert "changed: waste-room of building:storgata-7" in text
        assert "nothing changes for anybody" in text

    def test_added_and_removed_rules_are_told_in_their_sentences(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = self.edited(tmp_path, 0, "- {id: torshov-open,", "- {id: torshov-renamed,")
        text = said(argv, capsys)
        assert "removed: torshov-open of building:torshov\n  before  Everybody with a key" in text
        assert "added: torshov-renamed of building:torshov\n  after  Everybody with a key" in text

    def test_who_loses_is_counted_by_door_and_by_rule(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = self.edited(tmp_path, 1, "resident: ", "list: deichman-excluded}, {resident: ")
        assert main(argv) == 0
        assert "gain" in capsys.readouterr().out
        backwards = [argv[0], "--before", argv[4], "--after", argv[2], *argv[5:]]
        doors = [each for each in told(backwards, capsys) if each["event"] == "door"]
        assert {(d["access_point"], d["losing"]) for d in doors} == {
            ("storgata-7/waste", "fewer than 3")
        }


class TestCalendar:
    """`calendar`: the days to come."""

    def test_red_days_have_their_names_and_changed_clocks_their_hours(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["calendar", "torshov.staffed", "--from", "2027-03-25", "--days", "4"]
        text = said([*argv, *TOWN_PLACES, str(TOWN[0])], capsys)
        assert re.search(r"^Thu 25 Mar 2027 +closed +public holiday: Maundy Thursday$", text, re.M)
        assert re.search(r"^Sun 28 Mar .*Easter Sunday; clocks go forward: 23", text, re.M)
        norwegian = said([*argv, *TOWN_PLACES, str(TOWN[0]), "--lang", "nb"], capsys)
        assert "skjærtorsdag" in norwegian.lower()

    def test_a_night_stands_on_the_day_it_begins_with_its_length_where_the_clock_is_changed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["calendar", "lyngen-cleaning", "--from", "2026-10-24", "--days", "2", *PLACES]
        text = said([*argv, *of(17)], capsys)
        assert re.search(r"^Sat 24 Oct 2026 +22:00–Sun 25 Oct 06:00 \(9 h\)$", text, re.M)
        assert re.search(r"^Sun 25 Oct +22:00–Mon 26 Oct 06:00 +clocks go back: 25", text, re.M)
        first, second = told([*argv, *of(17)], capsys)
        assert (first["clock_forward_seconds"], second["clock_forward_seconds"]) == (0, -3600)
        assert first["windows"] == [
            {"start": "2026-10-24T20:00:00Z", "end": "2026-10-25T05:00:00Z"}
        ]

    def test_an_access_point_has_a_line_for_each_rule_and_those_that_always_hold_above(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["calendar", "radhuset/main", "--from", "2026-10-16", "--days", "2", *PLACES]
        assert said([*argv, *of(15)], capsys) == (
            "radhuset/main: when its rules hold, for those they speak of\n"
            "at all times: radhuset-staff (allow)\n\n"
            "day              hours        does    rule\n"
            "Fri 16 Oct 2026  08:00–15:30  unlock  radhuset-open\n"
            "Sat 17 Oct       –\n"
        )

    def test_a_rule_for_records_has_their_hours_or_is_unknown(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["calendar", "bjerke-hall", "--from", "2026-10-13", "--days", "2", *PLACES, *of(10)]
        read = told([*argv, *RECORDS], capsys)
        assert read[0]["windows"] == [
            {"start": "2026-10-13T14:00:00Z", "end": "2026-10-13T15:45:00Z"}
        ]
        assert read[1]["windows"] == read[1]["unknown"] == []
        unread = told(argv, capsys)
        assert all(each["windows"] == [] and each["unknown"] for each in unread)

    def test_what_opening_hours_cannot_say_is_a_no_with_the_reason(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (opening,) = re.findall(r"during: (\S+?)[,}\n]", DOCUMENTS[17].read_text())[:1]
        night = ["calendar", opening, "--opening-hours", *PLACES, *of(17)]
        assert said(night, capsys, code=1).startswith("no: expected hours within one day")
        (answer,) = told(night, capsys, code=1)
        assert answer["opening_hours"] is None
        point = ["calendar", "lyngen/a/door", "--opening-hours", *PLACES, *of(17)]
        assert main(point) == 2
        assert "expected a CALENDAR.OPENING with --opening-hours" in capsys.readouterr().err

    def test_a_name_of_two_documents_is_not_guessed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        other = tmp_path / "other.yaml"
        other.write_text(
            TOWN[0]
            .read_text()
            .replace("building:torshov", "building:haraldrud")
            .split("policies:")[0]
            + "policies:\n- {id: x, doors: building:haraldrud, allow: anyone, during: always}\n"
        )
        argv = ["calendar", "torshov.staffed", *TOWN_PLACES, str(TOWN[0]), str(other)]
        assert main(argv) == 2
        assert f"got one in {TOWN[0]} and {other}" in capsys.readouterr().err


class TestCalendarOfARule:
    """`calendar RULE` and `calendar ACCESS_POINT`: in words, and what waits for a switch."""

    def test_a_rule_says_in_words_what_its_hours_are(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["calendar", "torshov-open", "--from", "2026-10-14", *TOWN_PLACES, str(TOWN[0])]
        text = said(argv, capsys)
        assert "\n  On public holidays other than ordinary Sundays: closed.\n" in text
        assert "\n  No opening begins on 17 May.\n" in text
        assert "\n  1 July–31 July: Monday–Friday 10:00–15:00.\n" in text

    def test_a_deny_with_a_switch_is_not_told_as_holding_at_all_times(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = [
            "calendar",
            "flatahallen/hall/door",
            "--from",
            "2026-10-14",
            *REGISTERS[:2],
            *of(20),
        ]
        text = " ".join(said(argv, capsys).split())
        assert "flatahallen-flood (deny while closed/flatahallen is on)" in text
