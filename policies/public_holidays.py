"""The public holidays of Norway, from the `holidays` library.

The only module that imports it. Ordinary Sundays are not holidays (policies.md, "Which hours a day
has"). What it returns is stored in the revision: an upgrade of the library changes drafts, never
what is published.
"""

import holidays

from policies.calendars import HolidayTable


def norwegian_holidays(first_year: int = 2020, last_year: int = 2060) -> HolidayTable:
    """The public holidays (`røde dager`) of Norway from `first_year` through `last_year`."""
    years = range(first_year, last_year + 1)
    return HolidayTable(
        first_year, last_year, frozenset(holidays.country_holidays("NO", years=years))
    )
