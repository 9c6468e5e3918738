"""How `nokkel` speaks: sentences to people, or one JSON object a line to programs.

With JSON, standard output carries the objects alone and what is said to people is left out, but
for a failure, whose sentence and detail go to standard error too.
"""

import json
import sys

from mobile_sdk.views import AccessPointView, RefreshReport
from mobile_sdk.wording import CLOSED_NOW, ERROR_SAYS, OPEN_NOW
from policies.telling.language import Language, Said
from policies.vocabulary import instant_text


class Speaker:
    """One program's voice, in one language."""

    def __init__(self, language: Language, *, is_json: bool) -> None:
        """Speak `language` to people, or JSON."""
        self._language = language
        self._is_json = is_json

    def say(self, said: Said, *, is_progress: bool = False, **fields: object) -> None:
        """A sentence for a person; one about progress goes to standard error."""
        sentence = said[self._language].format(**fields)
        if not self._is_json:
            print(sentence, file=sys.stderr if is_progress else sys.stdout, flush=True)

    def print(self, sentence: str) -> None:
        """A sentence that is already worded."""
        if not self._is_json:
            print(sentence, flush=True)

    def tell(self, event: str, **members: object) -> None:
        """One event for a program."""
        if self._is_json:
            print(json.dumps({"event": event, **members}, ensure_ascii=False), flush=True)

    def failed(self, name: str | None, detail: str, *, is_end: bool = True) -> None:
        """What went wrong: `name` is one of `ERROR_SAYS`, None where only the detail helps.

        `is_end` where nothing else follows; otherwise it is told as a warning.
        """
        sentence = detail if name is None else ERROR_SAYS[name][self._language]
        self.tell(
            "failed" if is_end else "warning",
            error=name or "usage",
            sentence=sentence,
            detail=detail,
        )
        if name is not None:
            print(sentence, file=sys.stderr)
        print(f"nokkel: {detail}", file=sys.stderr, flush=True)

    def refreshed(self, report: RefreshReport) -> None:
        """The end of a refresh."""
        self.tell(
            "refreshed",
            credentials=list(report.credentials),
            refused=list(report.refused),
            next_refresh=instant_text(report.next_refresh),
        )

    def access_point(self, view: AccessPointView) -> None:
        """One line of the list of doors."""
        state = OPEN_NOW if view.open_now else CLOSED_NOW
        self.print(
            f"{view.access_point:32} {view.facility_name}, {view.name}:"
            f" {view.sentence or state[self._language]}"
        )
        self.tell(
            "access_point",
            access_point=view.access_point,
            facility=view.facility,
            name=view.name,
            has_key=view.has_key,
            open_now=view.open_now,
            opens_at=None if view.opens_at is None else instant_text(view.opens_at),
            sentence=view.sentence,
        )
