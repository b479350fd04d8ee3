"""Shared helpers: a small store with judgements, and a model that counts words."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rpterm.preference.export import export
from rpterm.preference.export_result import ExportOptions, ExportResult
from rpterm.preference.record_builder import Selection
from rpterm.preference.records import Source
from rpterm.preference.trainer_model import TrainerModel
from rpterm.store import Store
from rpterm.store.judgements import Judgements
from rpterm.types import Chat, Generation, Origin, Persona, Sampling, Turn

SYSTEM = "You are Watson."
ALL = Selection(sources=frozenset(Source))


def render(messages: Sequence[tuple[str, str]], *, reply: bool = True) -> str:
    return "".join(f"<{role}>{text}" for role, text in messages) + "<assistant>"


def words(texts: Sequence[str], *, special: bool = False) -> Callable[[], list[int]]:
    return lambda: [len(text.split()) for text in texts]


MODEL = TrainerModel("words", render, words, "</s>")


class Scene:
    """One chat: a greeting, a user turn, and replies to it."""

    def __init__(self, store: Store, *, persona: str = "User", greeting: str = "Come in!") -> None:
        self.store = store
        store.now = lambda: 1000.0
        self.judge = Judgements(store)
        self.chat: Chat = store.create_chat(
            card_name="Watson", card_hash="c" * 64, persona=Persona(persona)
        )
        self.greeting = self.say(None, greeting, "assistant", Origin.GREETING)
        self.user = self.say(self.greeting.id, "Who was it?", "user")
        self.judge.consent(self.chat.id, True)

    def say(
        self,
        parent: int | None,
        text: str,
        role: str = "assistant",
        origin: Origin = Origin.GENERATED,
        edited_from: int | None = None,
    ) -> Turn:
        return self.store.add_turn(
            self.chat.id, parent, role, "X", text, origin=origin, edited_from=edited_from,  # type: ignore[arg-type]
        )  # fmt: skip

    def reply(self, text: str, parent: int | None = None) -> int:
        return self.say(parent or self.user.id, text).id

    def made(
        self, turn_text: str, prompt: tuple[int, ...], seed: int = 7, *,
        batch: tuple[int, ...] = (), index: int = 0,
    ) -> int:  # fmt: skip
        """A generated reply with its provenance."""
        from rpterm.types import Status

        turn = self.store.add_turn(
            self.chat.id, self.user.id, "assistant", "X", "", origin=Origin.GENERATED,
            status=Status.STREAMING,
        )  # fmt: skip
        generation = Generation(
            "scripted", "m", "h", Sampling(seed=seed), prompt_ids=prompt,
            batch_seeds=batch, batch_index=index,
        )  # fmt: skip
        return self.store.finish_reply(turn.id, turn_text, Status.COMPLETE, generation).id


def system(chat: Chat) -> str:
    return SYSTEM


def run(
    scene: Scene, out: Path, *, model: TrainerModel = MODEL,
    system: Callable[[Chat], str] = system, **options: Any,
) -> ExportResult:  # fmt: skip
    given = ExportOptions(**{"split": 0.0, "wanted": ALL} | options)
    return export(scene.judge, out, given, model, system)


def rows(out: Path, name: str = "train") -> list[dict[str, Any]]:
    path = out / "data" / f"{name}.jsonl"
    return read_lines(path)


def left_out(out: Path) -> dict[int, str]:
    path = out / "about" / "left-out.jsonl"
    return {each["judgement"]: each["why"] for each in read_lines(path)}


def read_lines(path: Path) -> list[dict[str, Any]]:
    # Not ``splitlines``: a text may hold other line ends than the file's own.
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(text) for text in lines if text]
