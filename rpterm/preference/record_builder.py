"""Builds records from one chat's turns and judgements.

Every judgement ends up in a record or, with the reason, in the list of dropped ones. Two replies
form a pair only if they answer the same turn and, where known, were generated from the same exact
prompt. A reply whose parent turn was deleted or hidden makes no record. Knows neither the database
nor the formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from rpterm.preference.latest_ratings import latest_ratings
from rpterm.preference.pairs import drop_contradicted_swipes, rated_pairs, resolve_conflicts
from rpterm.preference.prompt_builder import TOO_LONG, PromptBuilder
from rpterm.preference.records import (
    DEFAULT_SOURCES,
    ChatRecords,
    Dropped,
    Kind,
    Meta,
    Record,
    Reply,
    Source,
)
from rpterm.store.judgement_records import Comparison, Rating, ReplyOrigin
from rpterm.types import Chat, Origin, Status

SOURCE_OF_KIND = {
    "thumb": Source.THUMBS, "stars": Source.STARS, "flag": Source.FLAG, "duel": Source.DUEL,
    "edit": Source.EDIT, "swipe": Source.SWIPE,
}  # fmt: skip
"""Sources by the store's kinds of judgements."""
NOT_WANTED = "its source is not wanted"
"""The reason for dropping a judgement of a source that was not requested."""
_DISAGREEMENT = "as many raters call it good as bad"
_PAIRS_PER_PROMPT = 16
"""Maximum number of pairs from the ratings of one prompt, widest gap first."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which judgements to use.

    Attributes:
        min_edit: Edits that change fewer characters make no pair.
    """

    sources: frozenset[Source] = frozenset(DEFAULT_SOURCES)
    min_edit: int = 3


@dataclass(frozen=True, slots=True)
class ChatJudgements:
    """The judgements of one chat; ``prompts`` has its turns and builds their prompts."""

    chat: Chat
    prompts: PromptBuilder
    ratings: Sequence[Rating]
    comparisons: Sequence[Comparison]
    origins: Mapping[int, ReplyOrigin]


def build_records(
    material: ChatJudgements, wanted: Selection, kinds: Collection[Kind] = ("pair", "demo")
) -> ChatRecords:
    """The records of one chat, in the order of the judgements.

    Args:
        kinds: Which records are needed. Demos are derived from other records and can be skipped.
    """
    return _RecordBuilder(material, wanted, kinds).run()


def edit_width(one: str, other: str) -> int:
    """The number of characters between the first and the last difference of two texts."""
    shorter = min(len(one), len(other))
    head = _common_prefix(one, other, shorter)
    tail = _common_prefix(one[::-1], other[::-1], shorter - head)
    return max(len(one), len(other)) - head - tail


def _common_prefix(one: str, other: str, limit: int) -> int:
    """Length of the common prefix, by binary search on slices, which compare at C speed."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class _RecordBuilder:
    def __init__(
        self, material: ChatJudgements, wanted: Selection, kinds: Collection[Kind]
    ) -> None:
        self.material = material
        self.prompts = material.prompts
        self.wanted = wanted
        self.kinds = kinds
        self.result = ChatRecords()
        self._clean_rater = cache(self.prompts.clean)  # Few raters, many judgements.

    def run(self) -> ChatRecords:
        ratings = [each for each in self.material.ratings if self._is_wanted(each)]
        comparisons = [each for each in self.material.comparisons if self._is_wanted(each)]
        judgements: list[Rating | Comparison] = [*ratings, *comparisons]
        for each in judgements:
            for turn_id in each.turns:
                self.prompts.reserve_for(turn_id)
        latest = self._latest(list(filter(self._is_usable, ratings)))
        pairs: list[Record] = []
        for pair in filter(self._is_usable, comparisons):
            pairs += self._pair(pair)
        labels = [self._label(each) for each in latest if self._is_majority(each)]
        self.result.records += labels
        pairs += rated_pairs(
            [self._label(each) for each in latest],
            _PAIRS_PER_PROMPT,
            lambda one, other: self._same_prompt(one.reply.turn, other.reply.turn),
        )
        pairs, contradicted = drop_contradicted_swipes(pairs, self._opinion)
        pairs, outvoted = resolve_conflicts(pairs)
        self.result.dropped += contradicted + outvoted
        self.result.records += pairs
        if "demo" in self.kinds:
            self._add_demos(labels, pairs)
        return self.result

    def _is_wanted(self, judgement: Rating | Comparison) -> bool:
        if SOURCE_OF_KIND[judgement.kind] in self.wanted.sources:
            return True
        self._drop(judgement, NOT_WANTED)
        return False

    def _is_usable(self, judgement: Rating | Comparison) -> bool:
        for turn_id in judgement.turns:
            turn = self.prompts.turns[turn_id]
            if turn.status is not Status.COMPLETE:
                return self._drop(judgement, "the reply is not finished")
            if not self.prompts.text(turn_id):
                return self._drop(judgement, "the reply is empty")
            if why := self._missing_question(turn_id):
                return self._drop(judgement, why)
            if self.prompts.prompt(turn_id) is None:
                return self._drop(judgement, TOO_LONG)
        return True

    def _missing_question(self, turn_id: int) -> str:
        """Why the branch above a reply does not end with the turn it answers; "" if it does.

        An edited or continued reply is judged by the reply it was made from, too.
        """
        turns = self.prompts.turns
        at: int | None = turn_id
        while at is not None and at in turns:
            if turns[at].lifted:
                return "the turn it answers was deleted"
            at = turns[at].edited_from
        parent = turns.get(turns[turn_id].parent_id or 0)
        return "the turn it answers is hidden" if parent is not None and parent.hidden else ""

    def _drop(self, judgement: Rating | Comparison, why: str) -> bool:
        self.result.dropped.append(Dropped(judgement.id, judgement.chat_id, why))
        return False

    def _latest(self, ratings: Sequence[Rating]) -> list[Rating]:
        """The last rating of each rater; the earlier ones are dropped."""
        latest = latest_ratings(ratings)
        kept = {each.id for each in latest}
        for each in ratings:
            if each.id not in kept:
                self._drop(each, "the same rater changed it later")
        return latest

    def _is_majority(self, rating: Rating) -> bool:
        """Whether most raters of the reply agree with a rating that says good or bad."""
        opinion = self._opinion(self._reply(rating.turn_id))
        if rating.good is None or (opinion and rating.good == (opinion > 0)):
            return True
        if "label" in self.kinds:
            self._drop(rating, "outvoted by other judgements" if opinion else _DISAGREEMENT)
        return False

    def _label(self, rating: Rating) -> Record:
        score = None if rating.kind == "flag" else float(rating.value)
        reply = self._reply(rating.turn_id, score)
        prompt = self.prompts.prompt(rating.turn_id) or ()
        meta = self._meta(rating, span=self._span(rating))
        if rating.kind == "flag":
            return Record("flag", prompt, reply, meta)
        return Record("label", prompt, reply, meta, label=rating.good)

    def _pair(self, pair: Comparison) -> list[Record]:
        left, right = self._reply(pair.left_id), self._reply(pair.right_id)
        if left.text == right.text:
            self._drop(pair, "both replies are the same text")
            return []
        if not self._same_prompt(*pair.turns):
            self._drop(pair, "the replies were made from different prompts")
            return []
        prompt = self.prompts.prompt(pair.left_id) or ()
        width = edit_width(left.text, right.text) if pair.kind == "edit" else None
        if width is not None and width < self.wanted.min_edit:
            self._drop(pair, "the edit is too small")
            return []
        side = pair.verdict if pair.kind == "duel" and pair.verdict in ("left", "right") else ""
        meta = self._meta(pair, edit=width, side=side)
        if pair.verdict == "tie":
            self.result.records.append(Record("tie", prompt, left, meta, right))
            return []
        if pair.verdict == "both_bad":
            self.result.records.append(Record("both_bad", prompt, left, meta, right))
            for bad in (left, right):
                if self._opinion(bad) > 0:
                    if "label" in self.kinds:
                        self._drop(pair, "a rating says the opposite")
                else:
                    self.result.records.append(Record("label", prompt, bad, meta, label=False))
            return []
        chosen, rejected = (left, right) if pair.verdict == "left" else (right, left)
        return [Record("pair", prompt, chosen, meta, rejected)]

    @cached_property
    def _opinion(self) -> Callable[[Reply], int]:
        """How many more raters call a reply good than bad, including sources not exported."""
        opinions = {
            (self._wording(each.turn_id), each.how.rater): each.good
            for each in latest_ratings(self.material.ratings)
            if each.good is not None
        }
        balance: Counter[tuple[int | None, str]] = Counter()
        for (wording, _), good in opinions.items():
            balance[wording] += 1 if good else -1
        return lambda reply: balance[self._wording(reply.turn)]

    def _wording(self, turn_id: int) -> tuple[int | None, str]:
        """A key that is the same for replies to the same turn with the same text."""
        return self.prompts.turns[turn_id].parent_id, self.prompts.text(turn_id)

    def _add_demos(self, labels: Sequence[Record], pairs: Sequence[Record]) -> None:
        """Add replies to imitate: liked and never disliked ones, and the user's edits."""
        bad = {each.reply.turn for each in self.result.records if each.label is False}
        good = [each for each in labels if each.label] + [
            each for each in pairs if each.meta.source is Source.EDIT
        ]
        seen: set[int] = set()
        for each in good:
            if each.reply.turn not in bad and each.reply.turn not in seen:
                seen.add(each.reply.turn)
                self.result.records.append(replace(each, kind="demo", other=None, label=None))

    def _same_prompt(self, left: int, right: int) -> bool:
        one, other = self._prompt_digest(left), self._prompt_digest(right)
        return one is None or other is None or one == other

    def _prompt_digest(self, turn_id: int | None) -> str | None:
        """Digest of the exact prompt, or ``None``; an edit has that of the original reply."""
        while turn_id is not None and turn_id in self.prompts.turns:
            turn = self.prompts.turns[turn_id]
            if turn.origin is Origin.CONTINUED:
                # Its prompt ends inside the reply, so it is not that of the original reply.
                return None
            if turn_id in self.material.origins:
                return self.material.origins[turn_id].prompt
            turn_id = turn.edited_from
        return None

    def _span(self, rating: Rating) -> tuple[int, int] | None:
        """The marked part's position in the cleaned text; ``None`` if it is not intact there."""
        if rating.span is None:
            return None
        start, end = rating.span
        part = self.prompts.clean(self.prompts.turns[rating.turn_id].text[start:end]).strip()
        at = self.prompts.text(rating.turn_id).find(part, max(0, start - len(part)))
        return None if at < 0 or not part else (at, at + len(part))

    def _reply(self, turn_id: int, score: float | None = None) -> Reply:
        turn, origin = self.prompts.turns[turn_id], self.material.origins.get(turn_id)
        text = self.prompts.text(turn_id)
        if origin is None:
            return Reply(text, turn_id, turn.origin.value, score=score)
        return Reply(
            text, turn_id, turn.origin.value, origin.model, origin.model_hash, origin.adapter_hash,
            origin.template_hash, origin.seed, origin.temperature, score,
        )  # fmt: skip

    def _meta(
        self,
        judgement: Rating | Comparison,
        *,
        span: tuple[int, int] | None = None,
        edit: int | None = None,
        side: str = "",
    ) -> Meta:
        chat = self.material.chat
        return Meta(
            source=SOURCE_OF_KIND[judgement.kind],
            judgements=(judgement.id,),
            chat=chat.id,
            card=chat.card_name,
            card_hash=chat.card_hash,
            how=replace(judgement.how, rater=self._clean_rater(judgement.how.rater)),
            created_at=judgement.created_at,
            dimensions=tuple(sorted(judgement.dimensions.items())),
            reason=self.prompts.clean(judgement.reason) if judgement.reason else "",
            span=span,
            edit=edit,
            side=side,
        )
