"""The catalogues: every text that policies says to people, in four languages.

Rules kept here:
- the source is `locale/LANGUAGE/LC_MESSAGES/policies.po`, read as it is: an editable and a wheel
  install need no build step;
- a message is named by what it says (`reason.age`), `name:detail` being the more special one; every
  name is in every catalogue or in none;
- a name that a catalogue lacks is a LookupError, never a blank and never another language;
- a pair of `**` in a text marks a field (`policies.telling.sentences`).

A catalogue is read when its language is first asked for and kept. Northern Sámi has three plural
forms, the others two: the catalogue says which (gettext's `Plural-Forms`).
"""

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from policies.telling.language import Language
from policies.telling.sentences import marked


class Catalogue:
    """The texts of one language."""

    def __init__(self, language: Language, texts: GNUTranslations) -> None:
        self.language = language
        self._texts = texts

    def has(self, name: str) -> bool:
        """Whether there is a text of this name."""
        return self._texts.gettext(name) != name

    def first(self, *names: str) -> str:
        """The first of `names` that there is a text of; the last is taken to be there."""
        return next((name for name in names[:-1] if self.has(name)), names[-1])

    def say(self, name: str, /, **fields: object) -> str:
        """The text `name`, filled in, its fields marked; a LookupError where there is none."""
        text = self._texts.gettext(name)
        if text == name:
            raise LookupError(f"expected a text {name} in {self.language}, got none")
        return marked(text).format(**fields)

    def count(self, name: str, count: int, /, **fields: object) -> str:
        """The text `name` in the form for `count` things."""
        text = self._texts.ngettext(name, name, count)
        if text == name:
            raise LookupError(f"expected a text {name} in {self.language}, got none")
        return marked(text).format(count=count, **fields)

    def join(self, name: str, texts: list[str]) -> str:
        """The texts in a row, the last joined by `join.NAME`; one text is itself."""
        *rest, last = texts
        if not rest:
            return last
        first = rest[0]
        for text in rest[1:]:
            first = self.say("join.comma", first=first, last=text)
        return self.say(f"join.{name}", first=first, last=last)


@cache
def catalogue(language: Language) -> Catalogue:
    """The catalogue of `language`."""
    source = files("policies.telling").joinpath("locale", language, "LC_MESSAGES", "policies.po")
    written = read_po(BytesIO(source.read_bytes()), locale=None, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    return Catalogue(language, GNUTranslations(compiled))
