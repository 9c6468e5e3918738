"""The languages a person reads, and one sentence in each.

Rule kept here: a sentence is said in every language or not at all, so that no reader meets a blank.
The sentences themselves stand in the catalogues of those who say them (`policies.telling.wording`,
`mobile_sdk.wording`). Standard library only.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias


class Language(StrEnum):
    """The languages, by their codes: Bokmål, Nynorsk, Northern Sámi, English."""

    BOKMAAL = "nb"
    NYNORSK = "nn"
    NORTHERN_SAMI = "se"
    ENGLISH = "en"


Said: TypeAlias = Mapping[Language, str]
"""One sentence, or a template of one, in every language."""


def said(nb: str, nn: str, se: str, en: str) -> Said:
    """One sentence in the order of `Language`."""
    return MappingProxyType(dict(zip(Language, (nb, nn, se, en), strict=True)))
