"""Where a reply may end by itself, once it is long enough. Pure: it knows text, no model.

A limit of tokens cuts a sentence in two; a small model that has said its piece wanders on until it
meets one. So from ``close_after`` tokens on a reply ends as soon as a sentence is over and no
quote and no action is open, and from half as many again on at the end of any sentence: a model
that never closes what it opened must end, too.
"""

from __future__ import annotations

import re

from rpterm.sentences import abbreviated

_OVER = re.compile(r"""(?:[.!?…—。！？]["'”’»)*_\]」]*|[^\s*]\*)\s*$""")
_PAIRS = (("“", "”"), ("«", "»"), ("「", "」"), ("(", ")"))
_PATIENCE = 1.5


def closes(text: str, tokens: int, after: int) -> bool:
    """Whether a reply of so many tokens ends here; never where ``after`` is 0 or less."""
    if after <= 0 or tokens < after or not _OVER.search(text) or abbreviated(text.rstrip()):
        return False
    return tokens >= _PATIENCE * after or not _open(text)


def _open(text: str) -> bool:
    """Whether a quote, an action or a bracket waits for its other half."""
    if text.count('"') % 2 or text.count("*") % 2:
        return True
    return any(text.count(left) > text.count(right) for left, right in _PAIRS)
