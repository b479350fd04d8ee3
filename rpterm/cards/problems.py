"""What can be wrong with a card, said so that a person can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rpterm.types import RptermError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: As the user named it.
        line: 1-based; 0 is the file as a whole.
        field: Like ``name`` or ``lore #3 keys #2``, counted from 1; "" is no field.
        message: What is wrong, one sentence.
        remedy: What to do, one sentence, or "".
        severity: The reader gives errors only; ``lint`` gives all three.
    """

    file: str
    line: int
    field: str
    message: str
    remedy: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.field}: " if self.field else ""
        return f"{where}: {field}{self.message} {self.remedy}".rstrip()


class CardError(RptermError):
    """A card that cannot be used; ``problems`` has everything that is wrong, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[CardError], tuple[tuple[Problem, ...]]]:
        return CardError, (self.problems,)
