"""One small piece of memory work at a time: reads turns, keeps what was found. Waits for nothing.

Every piece is stored whole with the mark that it was done, or not at all. ``schedule`` says when.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rpterm.memory.distil import facts, reflect, summary
from rpterm.memory.distil.ask import Ask
from rpterm.memory.distil.clauses import clauses
from rpterm.memory.distil.rules import PLAN
from rpterm.memory.distil.statements import Statement, statements
from rpterm.memory.distil.supersede import Known, Verdict, verdict
from rpterm.store.distil_reads import Source
from rpterm.store.distilled import Distilled, Draft, Method
from rpterm.store.memory_rows import Memory

RULES, MODEL, SUMMARY, REFLECTION = "rules", "model", "summary", "reflection"


@dataclass(frozen=True, slots=True)
class Done:
    """What one piece gave; ``more`` says whether the same work has more to do."""

    kept: tuple[Memory, ...] = ()
    more: bool = False


class Remembering(Protocol):
    """What is needed of a character's memory."""

    character: str
    distilled: Distilled

    def many(self, memory_ids: Iterable[int]) -> dict[int, Memory]: ...
    def shown_paths(self, chats: Collection[int] = ()) -> dict[int, list[int]]: ...


class Work:
    """The memory work for one character.

    Args:
        memory: Whose memory it is.
        share: Whether facts about the user are for all characters.
    """

    def __init__(self, memory: Remembering, *, share: bool = False) -> None:
        self.distilled = memory.distilled
        self._memory = memory
        self._share = share

    @property
    def character(self) -> str:
        """Whose memory it is; the card may be given another name meanwhile."""
        return self._memory.character

    def read_rules(self, chat_id: int, stopped: Callable[[], bool] = lambda: False) -> Done:
        """Read the plain statements of all turns that were not read yet.

        Of the character's own only plans count: who they are says the card, and a reply that says
        otherwise is a slip. What they announced is what they have to remember.
        """
        kept: list[Memory] = []
        for turn in self.distilled.reads.unread(
            self.character, chat_id, RULES, ("user", "assistant")
        ):
            if stopped():
                return Done(tuple(kept), True)
            found = statements(turn.text, turn.speaker)
            if turn.role == "assistant":
                found = [each for each in found if each.slot == PLAN]
            drafts = self._drafts(turn, found, "rules")
            kept += self.distilled.keep(self.character, chat_id, drafts, [turn.turn_id], RULES)
        return Done(tuple(kept))

    def to_catch_up(self) -> list[int]:
        """Chats with turns of the user that the rules have not read."""
        return self.distilled.reads.chats_to_read(self.character, RULES)

    def to_read(self, chat_id: int) -> int:
        """How many turns of a chat the model has yet to read."""
        waiting = self.distilled.reads.unread(self.character, chat_id, MODEL)
        return sum(bool(clauses(turn.text)) for turn in waiting)

    def read_model(self, chat_id: int, ask: Ask) -> Done | None:
        """Let the model read one turn; ``None`` when it was interrupted.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(self.character, chat_id, MODEL)
        plain = [turn for turn in waiting if not clauses(turn.text)]
        if plain:
            self.distilled.keep(self.character, chat_id, [], [t.turn_id for t in plain], MODEL)
        waiting = [turn for turn in waiting if turn not in plain]
        if not waiting:
            return Done()
        turn = waiting[0]
        lines = facts.read(turn.text, turn.speaker, statements(turn.text, turn.speaker), ask)
        if lines is None:
            return None
        found = [line.fact for line in lines if line.fact is not None]
        drafts = self._drafts(turn, found, "model")
        kept = self.distilled.keep(self.character, chat_id, drafts, [turn.turn_id], MODEL)
        return Done(tuple(kept), len(waiting) > 1)

    def summarise(self, chat_id: int, left: Sequence[int], ask: Ask) -> Done | None:
        """Give an account of the oldest turns that left the window, if there are enough.

        Args:
            left: The turns that left it.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(
            self.character, chat_id, SUMMARY, ("user", "assistant")
        )  # fmt: skip
        gone = [turn for turn in waiting if turn.turn_id in set(left)][: summary.TURNS]
        if len(gone) < summary.TURNS:
            return Done()
        text = summary.write(gone, ask)
        if text is None:
            return None
        turns = tuple(turn.turn_id for turn in gone)
        drafts = [Draft("summary", text, turns, "model", 0.6)] if text else []
        kept = self.distilled.keep(self.character, chat_id, drafts, turns, SUMMARY)
        return Done(tuple(kept), True)

    def think(self, chat_id: int, who: str, ask: Ask) -> Done | None:
        """Think about the newest facts of a chat's branch, if there is enough that is new.

        Raises:
            EngineError: The engine failed.
        """
        waiting = self.distilled.reads.unread(self.character, chat_id, REFLECTION)
        turns = {turn.turn_id for turn in waiting}
        known = self._facts_of(chat_id)
        if sum(fact.importance for fact in known if fact.turn_id in turns) < reflect.ENOUGH:
            return Done()
        recent = known[-reflect.MOST :]
        thoughts = reflect.think([fact.text for fact in recent], who, ask)
        if thoughts is None:
            return None
        drafts = [_thought(thought, recent) for thought in thoughts]
        return Done(tuple(self.distilled.keep(self.character, chat_id, drafts, turns, REFLECTION)))

    # -------------------------------------------------------------------------------------------
    def _facts_of(self, chat_id: int) -> list[Memory]:
        """The facts of a chat's branch that hold, in the order they were said."""
        path = self._memory.shown_paths([chat_id]).get(chat_id, [])
        drawn = self.distilled.drawn_from(path)
        ids = [memory for turn in path for memory in drawn.get(turn, ())]
        rows = self._memory.many(ids)
        held = [rows[i] for i in ids if i in rows and not rows[i].hidden]
        return [row for row in held if row.superseded_by is None]

    def _drafts(self, turn: Source, found: Sequence[Statement], method: Method) -> list[Draft]:
        shown = self._shown() if found else frozenset()
        drafts: list[Draft] = []
        for statement in found:
            judged = verdict(
                statement.text,
                statement.value,
                self._known(statement, shown),
                turn=turn.turn_id,
                single=statement.single,
                retracts=statement.retracts,
            )
            if judged.new:
                drafts.append(self._draft(turn, statement, method, judged))
        return drafts

    def _draft(self, turn: Source, statement: Statement, method: Method, judged: Verdict) -> Draft:
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
            takes_over=judged.takes_over,
            yields_to=judged.yields_to,
            shared=self._share and turn.role == "user",
        )

    def _shown(self) -> frozenset[int]:
        paths = self._memory.shown_paths()
        return frozenset(turn for path in paths.values() for turn in path)

    def _known(self, statement: Statement, shown: frozenset[int]) -> list[Known]:
        if not statement.slot:
            return []
        pairs = self.distilled.settling(self.character, statement.subject, statement.slot)
        seen = {row.id for row, _ in pairs if row.turn_id is None or row.turn_id in shown}
        return [
            Known(
                id=row.id,
                turn=row.turn_id or 0,
                value=detail.value,
                text=row.text,
                single=detail.single,
                retracts=detail.retracts,
                current=not seen.intersection(detail.newer),
                shown=row.id in seen,
            )
            for row, detail in pairs
        ]


def _thought(thought: reflect.Thought, facts_: Sequence[Memory]) -> Draft:
    cited = [facts_[place] for place in thought.cites]
    turns = sorted({fact.turn_id for fact in cited if fact.turn_id is not None})
    return Draft(
        kind="reflection",
        text=thought.text,
        turns=tuple(turns),
        method="model",
        importance=0.6,
        evidence=tuple(fact.id for fact in cited),
    )
