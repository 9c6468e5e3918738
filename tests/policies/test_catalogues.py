"""The catalogues are whole: every text in every language, with the same fields."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

import policies
from policies.manner import Brings, CountedBy, Offline, Period
from policies.model import DENY_REASONS, FactKind
from policies.records import RecordKind
from policies.subject_to import Proviso
from policies.telling.catalogues import catalogue
from policies.telling.language import Language
from policies.telling.sentences import Part, begun, marked, read_sentence, unmarked


def read(language: Language) -> Catalog:
    source = files("policies.telling").joinpath("locale", language, "LC_MESSAGES", "policies.po")
    return read_po(BytesIO(source.read_bytes()), abort_invalid=True)


def texts_of(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """The texts of each name: one, or one for each plural form."""
    texts: dict[str, tuple[str, ...]] = {}
    for message in catalog:
        if message.id:
            name = message.id if isinstance(message.id, str) else message.id[0]
            said = message.string
            texts[name] = (said,) if isinstance(said, str) else tuple(said or ())
    return texts


CATALOGS = {language: read(language) for language in Language}
TEXTS = {language: texts_of(catalog) for language, catalog in CATALOGS.items()}
NAMES = list(TEXTS[Language.BOKMAAL])


def fields_of(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


@pytest.mark.parametrize("language", Language)
def test_every_language_says_the_same_things(language: Language) -> None:
    assert list(TEXTS[language]) == NAMES
    missing = [name for name, texts in TEXTS[language].items() if not all(texts)]
    assert missing == []
    assert [message.id for message in CATALOGS[language] if message.fuzzy and message.id] == []


@pytest.mark.parametrize("language", Language)
def test_every_language_has_its_plural_forms(language: Language) -> None:
    forms = 3 if language is Language.NORTHERN_SAMI else 2
    assert CATALOGS[language].num_plurals == forms
    counted = {name for name, texts in TEXTS[Language.BOKMAAL].items() if len(texts) > 1}
    assert {len(TEXTS[language][name]) for name in counted} == {forms}


@pytest.mark.parametrize("name", NAMES)
def test_a_text_has_the_same_fields_in_every_language(name: str) -> None:
    fields = {frozenset(fields_of(text)) for texts in TEXTS.values() for text in texts[name]}
    assert len(fields) == 1, fields
    assert all(field.isidentifier() for field in fields.pop()), "a field has a name"


@pytest.mark.parametrize("name", NAMES)
def test_marks_of_fields_close_in_every_language(name: str) -> None:
    for texts in TEXTS.values():
        assert all(text.count("**") % 2 == 0 for text in texts[name])


def test_a_special_text_has_no_field_the_general_one_lacks() -> None:
    texts = TEXTS[Language.ENGLISH]
    for name in NAMES:
        general, colon, _ = name.partition(":")
        if colon and general in texts:
            assert fields_of(texts[name][0]) <= fields_of(texts[general][0]), name


def test_words_of_the_language_have_their_texts() -> None:
    kinds = [kind.value for kind in FactKind]
    expected = {
        *(f"deny.{reason}" for reason in (*DENY_REASONS, "denied")),
        *(f"reason.{kind}" for kind in kinds),
        *(f"account.{kind}" for kind in kinds),
        *(f"whether.{kind}" for kind in kinds if kind != FactKind.GUARDIAN),
        *(f"reason.{kind}" for kind in RecordKind),
        *(f"period.{period}" for period in Period),
        *(f"by.{by}" for by in CountedBy),
        *(f"but.offline.{offline}" for offline in Offline),
        *(f"but.brings.{brings.value}" for brings in Brings),
        *(f"subject.{proviso.value}" for proviso in Proviso),
        *(f"circumstance.{proviso.value}" for proviso in Proviso),
    }
    assert expected - set(NAMES) == set()


def test_every_text_that_the_code_names_is_there() -> None:
    called = re.compile(r'texts\.(?:say|count)\(\s*"([^"]+)"')
    package = Path(policies.__file__).parent
    named = {name for path in package.rglob("*.py") for name in called.findall(path.read_text())}
    assert len(named) > 50
    assert named - set(NAMES) == set()


def test_a_text_nobody_wrote_is_an_error_and_never_a_blank() -> None:
    texts = catalogue(Language.NYNORSK)
    with pytest.raises(LookupError, match=r"expected a text reason\.nothing in nn, got none"):
        texts.say("reason.nothing")
    with pytest.raises(LookupError, match=r"expected a text time\.eons in nn, got none"):
        texts.count("time.eons", 2)


def test_a_sentence_tells_its_fields_apart_and_the_outermost_counts() -> None:
    inner = marked("a **b**")
    nested = read_sentence(marked("**x {y} z** end").format(y=inner))
    assert nested.parts == (Part("x a b z", True), Part(" end", False))
    assert str(nested) == "x a b z end"
    assert nested.markdown() == "**x a b z** end"
    assert unmarked(inner) == "a b"
    assert str(read_sentence(begun(marked("**a** b")))) == "A b"


def test_asterisks_in_a_name_stay_a_name() -> None:
    named = read_sentence(marked("at **{name}**.").format(name="The **Barn**"))
    assert str(named) == "at The **Barn**."
    assert named.markdown() == "at **The \\*\\*Barn\\*\\***."


def test_a_mark_that_does_not_close_is_refused() -> None:
    with pytest.raises(ValueError, match="expected each"):
        marked("at **{name}.")
