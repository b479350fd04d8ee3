"""Problems of a card, worded so that its author can fix them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rpterm.errors import RptermError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a card.

    Attributes:
        file: The file, as the user named it.
        line: 1-based; 0 stands for the entire file.
        field: Such as ``name`` or ``lore #3 keys #2``, counted from 1; "" for no field.
        message: What is wrong, in one sentence.
        remedy: What to do, in one sentence, or "".
        severity: The reader reports errors only; ``lint`` reports all three.
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
    """The card cannot be used; ``problems`` lists everything that is wrong, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
