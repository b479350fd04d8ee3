"""The soft length limit of a reply: from there on it ends at the next good place. Pure: text only.

A hard limit cuts a sentence in two, and a small model that has made its point rambles on until it
hits one. So from ``close_after`` tokens on, a reply ends as soon as a sentence is complete and no
quote and no action is open. From 1.5 times as many on, it ends after any sentence, because a model
that never closes what it opened must end, too.
"""

from __future__ import annotations

import re

from rpterm.text.open_marks import closing_marks
from rpterm.text.sentences import is_abbreviation

_SENTENCE_END = re.compile(r"""(?:[.!?…—。！？]["'”’»)*_\]」]*|[^\s*]\*)\s*$""")
_ANY_SENTENCE_FACTOR = 1.5


def reached_soft_limit(text: str, tokens: int, after: int) -> bool:
    """Whether a reply of this many tokens should end here; never where ``after`` is 0 or less."""
    if (
        after <= 0
        or tokens < after
        or not _SENTENCE_END.search(text)
        or is_abbreviation(text.rstrip())
    ):
        return False
    return tokens >= _ANY_SENTENCE_FACTOR * after or not closing_marks(text)
