"""``rpterm memory distil``: extracts facts from the chats of a character."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING

from rpterm import config
from rpterm import paths as folders
from rpterm.cli import rich_out
from rpterm.cli.user_files import load_settings
from rpterm.errors import RptermError

if TYPE_CHECKING:
    from rpterm.memory.character_memory import CharacterMemory
    from rpterm.memory.distil.work import DistillingWork
    from rpterm.prompt.oneshot import Ask
    from rpterm.store.memory.records import Memory


def distil_chats(memory: CharacterMemory, *, model: bool, again: bool) -> list[Memory]:
    """Extract facts from all chats of a character, with progress on stderr; return the new ones.

    Args:
        model: Whether the model of the settings also reads the chats, taking seconds per turn.
        again: Whether turns that were read before are read again, so that facts the user deleted
            may be found again.
    """
    from rpterm.memory.distil.work import MODEL, RULES, DistillingWork

    settings = load_settings()
    work = DistillingWork(memory, share=settings.distil.share)
    if again:
        for job in (RULES, MODEL) if model else (RULES,):
            work.distilled.reads.mark_unread(memory.character, job)
    chats = work.distilled.reads.chats(memory.character)
    kept: list[Memory] = []
    with rich_out.progress() as bar:
        task = bar.add_task("chats", total=len(chats))
        for chat_id in chats:
            kept += work.read_rules(chat_id).kept
            bar.advance(task)
    if model:
        kept += _by_model(work, chats, settings)
    # Read them again, because some were replaced by later ones.
    return list(memory.get_many(row.id for row in kept).values())


def _by_model(
    work: DistillingWork, chats: Collection[int], settings: config.Settings
) -> list[Memory]:
    from rpterm.engine.protocol import BackgroundEngine
    from rpterm.models.engine_factory import open_engine
    from rpterm.prompt.oneshot import background_asker
    from rpterm.prompt.template import ChatTemplate

    with closing(open_engine(settings, folders.find())) as engine:
        if not isinstance(engine, BackgroundEngine):
            raise RptermError(
                f"The engine {settings.engine!r} cannot extract facts: choose another one with "
                "`rpterm config set engine NAME`."
            )
        info = engine.load()
        template = ChatTemplate(info.chat_template, bos=info.bos, eos=info.eos)
        return _read_chats(work, chats, background_asker(engine, template))


def _read_chats(work: DistillingWork, chats: Collection[int], ask: Ask) -> list[Memory]:
    waiting = sum(work.unread_count(chat_id) for chat_id in chats)
    kept: list[Memory] = []
    with rich_out.progress() as bar:
        task = bar.add_task("turns read by the model", total=waiting)
        for chat_id in chats:
            more = True
            while more:
                done = work.read_model(chat_id, ask)
                if done is None:
                    raise RptermError("The model stopped responding: try again.")
                kept += done.kept
                more = done.more
                bar.advance(task)
    return kept
