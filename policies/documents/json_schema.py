"""A JSON Schema (draft 2020-12) of policy documents, for editors that complete and check YAML.

Rules kept here:
- keys, words, forms and bounds are those of the reader, taken from its own tables: a key added
  there without a value here is an error, not a silence;
- what the reader accepts, the schema accepts. It is looser where a schema cannot know: names are
  those of places.yaml, dates and hours have a form only;
- YAML gives editors a number for an unquoted `015`, where the reader has a text: names may be
  either. An unquoted `null` is refused, since nobody can tell it from nothing.

Run as a program, it prints the schema: `python -m policies.documents.json_schema`. Pure.
"""

import json
import re
from collections.abc import Mapping, Sequence

from policies.documents.calendars import (
    MAX_CALENDARS,
    MAX_DATES,
    MAX_DAY_LISTS,
    MAX_HOURS_A_DAY,
    MAX_SEASONS,
)
from policies.documents.document import MAX_RULES
from policies.documents.keys import (
    ACTIVE,
    AROUND_A_RECORD,
    BESIDE,
    BOOKING_ROLES,
    CALENDAR,
    CONDITIONS,
    DAY_LIST,
    DOCUMENT,
    DOORS_OF_RECORD,
    GROUPS,
    LIMITS,
    RECORD_KEYS,
    RULES,
    SEASON_BY_DATE,
    SEASON_BY_LIST,
    UNLOCK,
    WITH,
    Keys,
)
from policies.documents.rules import MAX_BROUGHT, MAX_INSIDE, MAX_SHARED
from policies.documents.stated import (
    AGE_FORM,
    COUNT_FORM,
    DATE_FORM,
    EASTER_FORM,
    ELAPSED_FORM,
    HOURS_FORM,
    MONTH_DAY_FORM,
    RULE_ID_FORM,
    WEEKDAYS,
    YEARS_FORM,
)
from policies.manner import Brings, CountedBy, Offline, Period
from policies.model import DENY_REASONS, Effect
from policies.places import MUNICIPALITY, PLACE_KINDS
from policies.vocabulary import ACTION_NAMES

Schema = Mapping[str, object]

_PLACE = f"{MUNICIPALITY}|({'|'.join(PLACE_KINDS)}):[a-z0-9./-]+"
_OF_A_NAME = r"[^\s_A-Z!-,:-@\[-^`{-~]"
"""A character of a name, as far as a schema can say it: letters of any language, digits, `./-`."""
_NAME = f"{_OF_A_NAME}{{1,64}}"
_TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_DAY = "|".join(WEEKDAYS)


def document_schema() -> Schema:
    """The schema, as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bynøkkel policy document",
        "description": "Who may open which doors when, for one place.",
        **_mapping(DOCUMENT, _OF_A_DOCUMENT),
        "$defs": {
            "condition": _one_of_each(CONDITIONS, _OF_A_CONDITION, BESIDE),
            "when": {"anyOf": [_name("always, or CALENDAR.OPENING"), _when()]},
            "doors": {"anyOf": [_PLACE_NAME, _list(_PLACE_NAME, unique=True), _doors_of_record()]},
            "calendar": _calendar(),
            "hours": _DAY_HOURS,
            "week": _week(),
            "rule": {"oneOf": [_rule(effect) for effect in Effect]},
        },
    }


def schema_text() -> str:
    """The schema as `document.schema.json` holds it."""
    return json.dumps(document_schema(), ensure_ascii=False, indent=2) + "\n"


def _text(form: str, said: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{form})$", "description": said}


def _name(said: str, form: str = _NAME) -> Schema:
    """A text that YAML may have taken for a number or a truth value."""
    named = {"type": "string", "pattern": f"^(?:{form})$"}
    return {"anyOf": [named, {"type": ["number", "boolean"]}], "description": said}


def _number(form: re.Pattern[str], most: int, said: str) -> Schema:
    whole = {"type": "integer", "minimum": 1, "maximum": most}
    return {"anyOf": [whole, {"type": "string", "pattern": f"^{form.pattern}$"}],
            "description": said}  # fmt: skip


def _words(words: Sequence[str], said: str) -> Schema:
    return {"enum": list(words), "description": said}


def _list(of: Schema, most: int | None = None, *, unique: bool = False) -> Schema:
    listed: dict[str, object] = {"type": "array", "items": of, "minItems": 1}
    if most is not None:
        listed["maxItems"] = most
    return {**listed, "uniqueItems": True} if unique else listed


def _mapping(keys: Keys, values: Mapping[str, Schema]) -> Mapping[str, object]:
    """A mapping with these keys alone."""
    return {
        "type": "object",
        "properties": {key: values[key] for key in keys.all},
        "required": list(keys.required),
        "additionalProperties": False,
        **({} if keys.required else {"minProperties": 1}),
    }


def _one_of_each(
    kinds: Sequence[str], values: Mapping[str, Schema], beside: Mapping[str, str]
) -> Schema:
    """A mapping with one of `kinds`; what may stand beside it by `beside`."""
    extras = {kind: tuple(extra for extra, of in beside.items() if of == kind) for kind in kinds}
    return {"oneOf": [_mapping(Keys((kind,), extras[kind]), values) for kind in kinds]}


def _when() -> Schema:
    around = {"early": _AROUND, "late": _AROUND}
    of_records = [
        _mapping(Keys((kind,), AROUND_A_RECORD), {kind: _RECORD, **around}) for kind in RECORD_KEYS
    ]
    listed = {"all": _list({"$ref": "#/$defs/when"}), "any": _list({"$ref": "#/$defs/when"})}
    return {"oneOf": [*of_records, *(_mapping(Keys((group,)), listed) for group in GROUPS)]}


def _doors_of_record() -> Schema:
    form = f"{_OF_A_NAME}+{re.escape(DOORS_OF_RECORD)}"
    doors = _text(form, "The doors of the booking or assignment the rule is read for.")
    return {"oneOf": [_mapping(Keys((kind,)), {kind: doors}) for kind in RECORD_KEYS]}


def _week() -> Schema:
    by_weekday = {
        "type": "object",
        "propertyNames": {"pattern": f"^(?:{_DAY})(?:-(?:{_DAY}))?$"},
        "additionalProperties": {"$ref": "#/$defs/hours"},
        "minProperties": 1,
    }
    return {"anyOf": [{"const": "closed"}, by_weekday],
            "description": "Hours by weekday; a weekday not written is closed."}  # fmt: skip


def _for_openings(hours: Schema) -> Schema:
    """One value for every opening, or each by its name."""
    by_name = {"type": "object", "additionalProperties": hours, "minProperties": 1}
    return {"anyOf": [hours, by_name]}


def _named(value: Schema, most: int, said: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": value,
        "minProperties": 1,
        "maxProperties": most,
        "description": said,
    }


def _calendar() -> Schema:
    """A calendar: keys of its own, and openings by any other name."""
    own = _mapping(CALENDAR, _OF_A_CALENDAR)
    season_keys = {*SEASON_BY_DATE.required, *SEASON_BY_LIST.required}
    return {
        **own,
        "propertyNames": {"not": {"enum": sorted(season_keys)}},
        "additionalProperties": {"$ref": "#/$defs/week"},
        "minProperties": len(CALENDAR.required) + 1,
    }


def _season(keys: Keys) -> Schema:
    other = {*SEASON_BY_DATE.required, *SEASON_BY_LIST.required} - {*keys.required}
    return {
        **_mapping(keys, _OF_A_SEASON),
        "propertyNames": {"not": {"enum": sorted(other)}},
        "additionalProperties": {"$ref": "#/$defs/week"},
    }


def _rule(effect: Effect) -> Schema:
    whole = {"with": _mapping(WITH, _OF_WITH), "limits": _LIMITS, **_OF_A_RULE}
    rule = _mapping(RULES[effect], whole)
    if "active" in RULES[effect].all:
        anyone = {"properties": {effect.value: {"const": "anyone"}}}
        return {**rule, "dependentSchemas": {"active": anyone}}
    return rule


_CONDITION: Schema = {"$ref": "#/$defs/condition"}
_RECORD = _name("A name of the register of bookings or assignments.")
_AROUND = _text(ELAPSED_FORM.pattern, "How long before or after the record: 15m or 2h.")
_PLACE_NAME = _text(_PLACE, "A place such as building:torshov, zone:torshov/entrance, or a door.")
_BOUND = _text(
    f"{DATE_FORM.pattern}(T({_TIME_OF_DAY}|24:00))?", "A date, or a local date-time."
)  # fmt: skip
_STRETCH = _text(HOURS_FORM.pattern, "Hours such as 07:00-10:00; 22:00-02:00 runs over midnight.")
_DAY_HOURS: Schema = {"anyOf": [{"const": "closed"}, _STRETCH, _list(_STRETCH, MAX_HOURS_A_DAY)]}
_HOURS: Schema = {"$ref": "#/$defs/hours"}
_HOLIDAYS: Schema = {
    **_for_openings({"anyOf": [_HOURS, {"const": "as-weekday"}]}),
    "description": "What a public holiday does: closed, as-weekday, or hours for every opening.",
}
_DATES = f"{DATE_FORM.pattern}(\\.\\.{DATE_FORM.pattern})?"

_OF_A_DOCUMENT: Mapping[str, Schema] = {
    "for": _text(_PLACE, "The place whose doors this document speaks of."),
    "time_zone": {"type": "string", "description": "Every time, date and birthday is read in it."},
    "days": _named(
        _mapping(DAY_LIST, {"covers": _text(_DATES, "The days the list speaks of."),
                            "on": _list(_text(_DATES, "A date, or a range of dates."))}),
        MAX_DAY_LISTS,
        "Named lists of days, and the days they speak of.",
    ),
    "calendars": _named(
        {"$ref": "#/$defs/calendar"}, MAX_CALENDARS, "Openings and their hours, by name."
    ),
    "policies": _list({"$ref": "#/$defs/rule"}, MAX_RULES),
}  # fmt: skip
_OF_A_SEASON: Mapping[str, Schema] = {
    "from": _text(MONTH_DAY_FORM.pattern, "The first day of the season, every year."),
    "to": _text(MONTH_DAY_FORM.pattern, "The last day of the season, included."),
    "days": _name("The name of a day list."),
    "holidays": _HOLIDAYS,
}
_OF_A_CALENDAR: Mapping[str, Schema] = {
    "holidays": _HOLIDAYS,
    "seasons": _list(
        {"oneOf": [_season(SEASON_BY_DATE), _season(SEASON_BY_LIST)]}, MAX_SEASONS
    ),
    "dates": {
        "type": "object",
        "propertyNames": {
            "pattern": f"^(?:{DATE_FORM.pattern}|{MONTH_DAY_FORM.pattern}|{EASTER_FORM.pattern})$"
        },
        "additionalProperties": _for_openings(_HOURS),
        "minProperties": 1,
        "maxProperties": MAX_DATES,
        "description": "Single days: 2027-11-20 once, 05-17 every year, easter-4 from Easter.",
    },
}  # fmt: skip
_OF_A_CONDITION: Mapping[str, Schema] = {
    "age": _text(AGE_FORM.pattern, "15+, or 13-17 with both included."),
    "member": _name("A membership, and those beneath it."),
    "role": _name("A role, and those beneath it."),
    "list": _name("A list of people, and those beneath it."),
    "resident": _PLACE_NAME,
    "terms": _text(_NAME, "Accepted terms, this version or a later one: meråpent-3."),
    "guardian": _number(YEARS_FORM, 999, "Under this age a guardian must have accepted as well."),
    "booking": _RECORD,
    "assigned": _RECORD,
    "as": _list(_words(BOOKING_ROLES, "A part in the booking."), unique=True),
    "all": _list(_CONDITION),
    "any": _list(_CONDITION),
}
_ANYONE_OR_CONDITION: Schema = {"anyOf": [{"const": "anyone"}, _CONDITION]}
_OF_A_RULE: Mapping[str, Schema] = {
    "id": _name("The name of the rule, once in the document.", RULE_ID_FORM.pattern),
    "doors": {"$ref": "#/$defs/doors"},
    "allow": _ANYONE_OR_CONDITION,
    "deny": _ANYONE_OR_CONDITION,
    "unlock": {"anyOf": [{"const": "anyone"}, _mapping(UNLOCK, {"after": _CONDITION})]},
    "during": {"$ref": "#/$defs/when"},
    "from": _BOUND,
    "until": _BOUND,
    "except": _CONDITION,
    "reason": _words(DENY_REASONS, "What the person is told, in every language."),
    "active": _mapping(ACTIVE, {"switch": _name("The switch that turns the rule on.")}),
}
_LIMITS: Schema = {
    **_mapping(
        LIMITS,
        {
            "visits": _text(f"[1-9][0-9]{{0,3}} per ({'|'.join(Period)})", "18 per calendar-year"),
            "by": _words([by.value for by in CountedBy], "Whose visits count together."),
            "inside": _number(COUNT_FORM, MAX_INSIDE, "How many may be inside at once."),
            "offline": _words([o.value for o in Offline], "What a door without contact does."),
        },
    ),
    "anyOf": [{"required": ["visits"]}, {"required": ["inside"]}],
    "dependentRequired": {"by": ["visits"]},
}
_OF_WITH: Mapping[str, Schema] = {
    "life": _text(ELAPSED_FORM.pattern, "How long a credential lives: 15m or 8h, at most 24h."),
    "actions": _list(_words([*ACTION_NAMES], "What the key may do."), unique=True),
    "share": _number(COUNT_FORM, MAX_SHARED, "With how many the right may be shared."),
    "brings": {
        "anyOf": [
            {"const": Brings.OWN_CHILDREN.value},
            _number(COUNT_FORM, MAX_BROUGHT, "How many an adult may bring."),
        ]
    },
    "two-people": _text(ELAPSED_FORM.pattern, "Within which a second person presents a key: 30s."),
    "after": _CONDITION,
}

if __name__ == "__main__":
    print(schema_text(), end="")
