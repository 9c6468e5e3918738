"""Cases of the protocol as data: what every implementation is asked, and what it must answer.

A case is a documented function that makes inputs from fixed keys. Its docstring says the rule;
the decorator its id, its section of SPEC.md and the expected answer: `accept`, or the reason. Where
the answer is more than a word, the function returns `Asked` with the outputs beside the inputs.
`compile_suite` turns a suite into JSON (bytes as hex), which is committed beside this file and
which a verifier in any language can run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

Input: TypeAlias = "bytes | int | str | bool | list[Input] | dict[str, Input] | None"
Inputs: TypeAlias = dict[str, Input]

ACCEPT = "accept"
MALFORMED = "MALFORMED"
SIGNATURE = "SIGNATURE"


@dataclass(frozen=True, slots=True)
class Asked:
    """The inputs, and what must come out beside the verdict (nothing, where only that is asked)."""

    inputs: Inputs
    outputs: Inputs | None = None


Make: TypeAlias = "Callable[[], Inputs | Asked]"
Made = TypeVar("Made", Inputs, Asked)


@dataclass(frozen=True, slots=True)
class Case:
    """One question and its answer; `rule` is a sentence or two, `make` gives the inputs."""

    id: str
    section: str
    rule: str
    expected: str
    make: Make

    def asked(self) -> Asked:
        """What `make` gives."""
        made = self.make()
        return made if isinstance(made, Asked) else Asked(made)

    @property
    def kind(self) -> str:
        """The suite's kind: what stands before the slash of the id."""
        return self.id.partition("/")[0]


class Suite:
    """The cases of one kind of question, in the order they were written."""

    def __init__(self, kind: str, question: str) -> None:
        """`kind` names the file and the runner's entry; `question` says what the inputs mean."""
        self.kind = kind
        self.question = question
        self.cases: list[Case] = []

    def case(
        self, name: str, section: str, expected: str = ACCEPT
    ) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
        """Add the case that the decorated function makes; its docstring is the rule."""

        def add(make: Callable[[], Made]) -> Callable[[], Made]:
            if make.__doc__ is None:
                raise ValueError(f"expected a docstring with the rule of {name}, got none")
            rule = " ".join(make.__doc__.split())
            identity = f"{self.kind}/{name}"
            if any(case.id == identity for case in self.cases):
                raise ValueError(f"expected one case named {identity}, got two")
            self.cases.append(Case(identity, section, rule, expected, make))
            return make

        return add


def compile_suite(suite: Suite) -> str:
    """The suite as the JSON that is committed."""
    return (
        json.dumps(
            {
                "kind": suite.kind,
                "question": suite.question,
                "cases": [_compiled(case) for case in suite.cases],
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


def _compiled(case: Case) -> dict[str, object]:
    asked = case.asked()
    compiled: dict[str, object] = {
        "id": case.id,
        "section": case.section,
        "rule": case.rule,
        "expected": case.expected,
        "inputs": plain(asked.inputs),
    }
    if asked.outputs is not None:
        compiled["outputs"] = plain(asked.outputs)
    return compiled


def plain(value: Input) -> object:
    """`value` as JSON holds it: bytes as hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
