"""Does one small piece of memory work at a time: reads turns and stores what it found. Never waits.

Every piece is stored completely, together with the mark that it is done, or not at all.
``distiller`` decides when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpterm.memory.distil import facts, reflect, summary
from rpterm.memory.distil.clauses import clauses
from rpterm.memory.distil.named import named_statements, patterns
from rpterm.memory.distil.rules import PLAN
from rpterm.memory.distil.statements import Statement, statements
from rpterm.memory.distil.supersede import KnownFact, Supersession, supersession
from rpterm.store.memory.distilled import Detail, Draft, Method
from rpterm.store.memory.read_turns import SourceTurn
from rpterm.store.memory.records import Memory

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.prompt.oneshot import Ask

RULES, MODEL, SUMMARY, REFLECTION = "rules", "model", "summary", "reflection"


@dataclass(frozen=True, slots=True)
class WorkResult:
    """The memories that one piece of work stored; ``more`` says whether there is more of that
    work."""

    kept: tuple[Memory, ...] = ()
    more: bool = False


class DistillingWork:
    """The memory work for one character.

    Args:
        memory: The character's memory.
        share: Whether facts about the user are shared with all characters.
    """

    def __init__(self, memory: CharacterMemory, *, share: bool = False) -> None:
        self.distilled = memory.distilled
        self._memory = memory
        self._share = share

    @property
    def character(self) -> str:
        """Whose memory it is; the card may be renamed meanwhile."""
        return self._memory.character

    def read_rules(self, chat_id: int, stopped: Callable[[], bool] = lambda: False) -> WorkResult:
        """Read the plain statements of all turns not read yet.

        Of the character's own statements only plans count. Who the character is stands in the card,
        and a reply that says otherwise is a slip; but the character has to remember what it
        announced.
        """
        kept: list[Memory] = []
        for turn in self.distilled.reads.unread(
            self.character, chat_id, RULES, ("user", "assistant")
        ):
            if stopped():
                return WorkResult(tuple(kept), True)
            found = statements(turn.text, turn.speaker, turn.listener)
            if turn.role == "assistant":
                found = [each for each in found if each.slot == PLAN]
            drafts = self._drafts(turn, found, "rules")
            if turn.role == "user":
                drafts += self._named_drafts(turn, drafts)
            kept += self.distilled.add(self.character, chat_id, drafts, [turn.turn_id], RULES)
        return WorkResult(tuple(kept))

    def chats_to_catch_up(self) -> list[int]:
        """Chats with turns of the user that the rules have not read."""
        return self.distilled.reads.chats_to_read(self.character, RULES)

    def unread_count(self, chat_id: int) -> int:
        """How many turns of a chat the model has yet to read."""
        waiting = self.distilled.reads.unread(self.character, chat_id, MODEL)
        return sum(bool(clauses(turn.text)) for turn in waiting)

    def read_model(self, chat_id: int, ask: Ask) -> WorkResult | None:
        """Let the model read one turn; ``None`` if it was interrupted.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(self.character, chat_id, MODEL)
        empty = [turn for turn in waiting if not clauses(turn.text)]
        if empty:
            self.distilled.add(self.character, chat_id, [], [t.turn_id for t in empty], MODEL)
        waiting = [turn for turn in waiting if turn not in empty]
        if not waiting:
            return WorkResult()
        turn = waiting[0]
        lines = facts.read(turn.text, turn.speaker, statements(turn.text, turn.speaker), ask)
        if lines is None:
            return None
        found = [line.fact for line in lines if line.fact is not None]
        drafts = self._drafts(turn, found, "model")
        kept = self.distilled.add(self.character, chat_id, drafts, [turn.turn_id], MODEL)
        return WorkResult(tuple(kept), len(waiting) > 1)

    def summarise(self, chat_id: int, left: Sequence[int], ask: Ask) -> WorkResult | None:
        """Summarise the oldest turns that left the context window, if there are enough.

        Args:
            left: The turns that left it.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(
            self.character, chat_id, SUMMARY, ("user", "assistant")
        )  # fmt: skip
        oldest = [turn for turn in waiting if turn.turn_id in set(left)][: summary.TURNS]
        if len(oldest) < summary.TURNS:
            return WorkResult()
        text = summary.write(oldest, ask)
        if text is None:
            return None
        turns = tuple(turn.turn_id for turn in oldest)
        drafts = [Draft("summary", text, turns, "model", 0.6)] if text else []
        kept = self.distilled.add(self.character, chat_id, drafts, turns, SUMMARY)
        return WorkResult(tuple(kept), True)

    def think(self, chat_id: int, who: str, ask: Ask) -> WorkResult | None:
        """Reflect on the newest facts of a chat's branch, if enough of them are new.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(self.character, chat_id, REFLECTION)
        turns = {turn.turn_id for turn in waiting}
        known = self._facts_of(chat_id)
        if sum(fact.importance for fact in known if fact.turn_id in turns) < reflect.MIN_IMPORTANCE:
            return WorkResult()
        recent = known[-reflect.MAX_FACTS :]
        thoughts = reflect.think([fact.text for fact in recent], who, ask)
        if thoughts is None:
            return None
        drafts = [_reflection(thought, recent) for thought in thoughts]
        kept = self.distilled.add(self.character, chat_id, drafts, turns, REFLECTION)
        return WorkResult(tuple(kept))

    # -------------------------------------------------------------------------------------------
    def _facts_of(self, chat_id: int) -> list[Memory]:
        """The current facts of a chat's branch, in the order they were said."""
        path = self._memory.shown_paths([chat_id]).get(chat_id, [])
        drawn = self.distilled.facts_from_turns(path)
        ids = [memory for turn in path for memory in drawn.get(turn, ())]
        rows = self._memory.get_many(ids)
        visible = [rows[i] for i in ids if i in rows and not rows[i].hidden]
        return [row for row in visible if row.superseded_by is None]

    def _drafts(self, turn: SourceTurn, found: Sequence[Statement], method: Method) -> list[Draft]:
        shown = self._shown_turns() if found else frozenset()
        drafts: list[Draft] = []
        for statement in found:
            known = self._known_facts(statement, shown)
            decision = supersession(statement, known, turn.turn_id)
            if decision.new:
                drafts.append(self._draft(turn, statement, method, decision))
        return drafts

    def _named_drafts(self, turn: SourceTurn, read: Sequence[Draft]) -> list[Draft]:
        """What a turn says about people and pets whose names are known from earlier turns."""
        drafts: list[Draft] = []
        for statement, replaced in named_statements(turn.text, turn.speaker, self._facts_naming):
            if replaced and not any(draft.value == statement.value for draft in read):
                decision = Supersession(True, (replaced,))
                drafts.append(self._draft(turn, statement, "rules", decision))
            elif not replaced:
                drafts += self._drafts(turn, [statement], "rules")
        return drafts

    def _facts_naming(self, name: str) -> list[tuple[int, Statement]]:
        """The current facts in which a name stands, the newest first."""
        found = list(self.distilled.user_facts(self.character, patterns(name)))
        rows, details = self._memory.get_many(found), self.distilled.details(found)
        shown = self._shown_turns() if found else frozenset()
        return [
            (i, _stated(rows[i], details[i]))
            for i in found
            if i in rows and i in details and rows[i].turn_id in shown and not details[i].newer
        ]

    def _draft(
        self, turn: SourceTurn, statement: Statement, method: Method, decision: Supersession
    ) -> Draft:
        return Draft(
            kind="fact",
            text=statement.text,
            turns=(turn.turn_id,),
            method=method,
            importance=statement.importance,
            subject=statement.subject,
            slot=statement.slot,
            value=statement.value,
            single=statement.single,
            retracts=statement.retracts,
            quote=statement.quote,
            takes_over=decision.takes_over,
            yields_to=decision.yields_to,
            shared=self._share and turn.role == "user",
        )

    def _shown_turns(self) -> frozenset[int]:
        paths = self._memory.shown_paths()
        return frozenset(turn for path in paths.values() for turn in path)

    def _known_facts(self, statement: Statement, shown: frozenset[int]) -> list[KnownFact]:
        """The facts that settle the same slot of the same subject."""
        if not statement.slot:
            return []
        pairs = self.distilled.facts_in_slot(self.character, statement.subject, statement.slot)
        shown_ids = {row.id for row, _ in pairs if row.turn_id is None or row.turn_id in shown}
        return [
            KnownFact(
                id=row.id,
                turn=row.turn_id or 0,
                stated=_stated(row, detail),
                current=not shown_ids.intersection(detail.newer),
                shown=row.id in shown_ids,
            )
            for row, detail in pairs
        ]


def _stated(row: Memory, detail: Detail) -> Statement:
    """The statement that a stored fact keeps."""
    return Statement(
        detail.subject, detail.slot, detail.value, row.text, detail.quote, detail.single,
        detail.retracts, row.importance,
    )  # fmt: skip


def _reflection(thought: reflect.Reflection, recent: Sequence[Memory]) -> Draft:
    cited = [recent[place] for place in thought.cites]
    turns = sorted({fact.turn_id for fact in cited if fact.turn_id is not None})
    return Draft(
        kind="reflection",
        text=thought.text,
        turns=tuple(turns),
        method="model",
        importance=0.6,
        evidence=tuple(fact.id for fact in cited),
    )
