"""Assesses the quality of training data: counts, duplicates, contradictions, biases, leaks.

It reads one row at a time and keeps only digests, so a large file takes little memory. For each
kind of finding it remembers the first few places, for people to look up.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from rpterm.preference.check.examples import Example
from rpterm.preference.check.phrases import voices
from rpterm.preference.duplicates import conversation_digest
from rpterm.preference.record_builder import edit_width
from rpterm.preference.scrub import Scrubber
from rpterm.preference.splits import is_of_duel
from rpterm.preference.stats.agreement import NOTHING, Proportion

PLACES = 5
"""How many places of a finding are listed."""

_UNKNOWN = "(unknown)"


@dataclass(slots=True)
class Places:
    """How often something was found, and the first places."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, where: str) -> None:
        """Count one occurrence."""
        self.count += 1
        if len(self.first) < PLACES:
            self.first.append(where)


class Quality:
    """Collects the figures on quality."""

    def __init__(self, scrub: Scrubber) -> None:
        """Args:
        scrub: Finds personal data.
        """
        self._scrub = scrub
        self.rows = 0
        self.kinds: Counter[str] = Counter()
        self.splits: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.characters: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.longer, self.left, self.good = NOTHING, NOTHING, NOTHING
        """Pairs whose chosen reply is the longer one, duels that the left reply won, and good
        replies among labelled ones."""
        self.duplicates, self.contradictions = Places(), Places()
        self.leaks, self.private = Places(), defaultdict[str, Places](Places)
        self.voices = {(side, name): Places() for side in _SIDES for name in _VOICES}
        self.edits: list[int] = []
        self._seen: set[bytes] = set()
        self._verdicts: dict[bytes, object] = {}
        self._prompts: dict[bytes, str] = {}
        self._chats: dict[object, str] = {}
        self._checked_texts: set[bytes] = set()

    def add(self, example: Example, split: str, where: str) -> None:
        """Add one row."""
        self.rows += 1
        self._count(example, split)
        prompt = digest(example.prompt)
        self._compare(example, prompt, where)
        self._check_split(example, split, where)
        self._check_texts(example, where)

    def _count(self, example: Example, split: str) -> None:
        meta = example.meta
        self.kinds[example.kind] += 1
        self.splits[split] += 1
        self.sources[str(meta.get("source") or _UNKNOWN)] += 1
        self.characters[str(meta.get("character") or _UNKNOWN)] += 1
        models = meta.get("models")
        for model in models if isinstance(models, list) and models else [_UNKNOWN]:
            self.models[str(model) or "(a person)"] += 1
        if example.label is not None:
            self.good += Proportion(example.label, 1)
        if example.kind != "pair":
            return
        one, two = map(len, example.replies)
        self.longer += Proportion(one > two, one != two)
        if meta.get("side") in ("left", "right"):
            self.left += Proportion(meta["side"] == "left", 1)
        if meta.get("source") == "edit":
            self.edits.append(edit_width(*example.replies))

    def _compare(self, example: Example, prompt: bytes, where: str) -> None:
        """Find duplicate and contradicting rows."""
        if example.kind == "other":
            return  # No trainer uses it, so duplicates do no harm.
        texts = [digest(text) for text in example.replies]
        verdict = example.label if example.kind == "label" else tuple(texts)
        key = digest(prompt, example.kind, *sorted(texts))
        row = digest(key, repr(verdict))
        if row in self._seen:
            self.duplicates.add(where)
            return
        self._seen.add(row)
        # Two raters may disagree about a reply, but in training data that is noise all the same.
        if self._verdicts.setdefault(key, verdict) != verdict:
            self.contradictions.add(where)

    def _check_split(self, example: Example, split: str, where: str) -> None:
        chat, prompt = example.meta.get("chat"), _conversation(example)
        other_prompt = self._prompts.setdefault(prompt, split) != split
        # The messages of a duel have nothing in common but the greeting.
        one_talk = isinstance(chat, int) and not is_of_duel(example.meta.get("method"))
        other_chat = one_talk and self._chats.setdefault(chat, split) != split
        if other_prompt or other_chat:
            self.leaks.add(where)

    def _check_texts(self, example: Example, where: str) -> None:
        for index, reply in enumerate(example.replies):
            good = example.label is not False and (example.kind != "pair" or index == 0)
            for name in voices(reply):
                self.voices["chosen" if good else "rejected", name].add(where)
        prompt = example.prompt
        texts = [prompt] if isinstance(prompt, str) else [content for _, content in prompt]
        for text in (*texts, *example.replies):
            key = digest(text)
            if key not in self._checked_texts:
                self._checked_texts.add(key)
                self._scrub(text)
                for kind in {kind for kind, _ in self._scrub.found}:
                    self.private[kind].add(where)
                self._scrub.found.clear()


def _conversation(example: Example) -> bytes:
    prompt, character = example.prompt, str(example.meta.get("character") or "")
    messages = (("", prompt),) if isinstance(prompt, str) else prompt
    if not character:  # Then only the system prompt says who it is.
        messages = tuple(("", text) for _, text in messages)
    return conversation_digest(messages, character)


_SIDES = ("chosen", "rejected")
_VOICES = ("assistant", "refusal")


def digest(*parts: object) -> bytes:
    """A digest of values with a faithful ``repr``; 12 bytes suffice for any human-made dataset."""
    text = "\0".join(map(repr, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
