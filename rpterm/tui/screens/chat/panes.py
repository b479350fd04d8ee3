"""The panes of the chat screen: opens and fills them, and fits them to the terminal's size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.widget import Widget

from rpterm.tui import keys
from rpterm.tui.screens.chat import preview
from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.card import CardPane
    from rpterm.tui.widgets.panes.chats import ChatsPane
    from rpterm.tui.widgets.panes.prompt import PromptPane

NAMES = ("prompt", "card", "chats", "consistency", "memory", "examples")


def fit_to_size(chat: ChatScreen, size: Size) -> None:
    """Adapt to the size of the terminal; a tiny one shows only the transcript and the input."""

    async def adapt() -> None:
        covered = chat.panes.covers
        covers = await chat.panes.fit(size.width)
        chat.set_class(covers, "-overlay")
        if covers != covered:
            _focus(chat)

    chat.set_class(size.height < 12 or size.width < 40, "-tiny")
    chat.call_later(adapt)


async def toggle(chat: ChatScreen, *, name: str) -> None:
    """Open a pane, fill it, and focus it if it has keys of its own; or close it.

    An open pane with keys of its own is first focused, and then closed.
    """
    has_keys = bool(keys.of_scope(name))
    if has_keys and name in chat.panes.shown and chat.panes.active != name:
        chat.panes.focus_pane(name)
        return
    opened = await chat.panes.toggle(name, lambda: _make(chat, name))
    if opened is not None and has_keys:
        chat.panes.focus_pane(name)
        chat.refresh_hints()
    else:
        _focus(chat)
    await _fill(chat, name)


def _make(chat: ChatScreen, name: str) -> Widget:
    """A pane, whose module is imported when it is first opened."""
    from rpterm.tui.screens.chat import chats, examples

    match name:
        case "prompt":
            from rpterm.tui.widgets.panes.prompt import PromptPane

            return PromptPane()
        case "card":
            from rpterm.tui.widgets.panes.card import CardPane

            return CardPane()
        case "chats":
            from rpterm.tui.widgets.panes.chats import ChatsPane

            return ChatsPane(lambda chat_id: chat.work(chats.open_chat(chat, chat_id)))
        case "consistency":
            from rpterm.tui.widgets.panes.consistency import ConsistencyPane

            return ConsistencyPane(lambda line: chat.work(_show_line(chat, line)))
        case "memory":
            from rpterm.tui.widgets.panes.memory import MemoryPane

            return MemoryPane(lambda: refresh_memory(chat))
        case _:
            from rpterm.tui.widgets.panes.examples import ExamplesPane

            return ExamplesPane(lambda k, share: chat.work(examples.slide(chat, k, share)))


async def _fill(chat: ChatScreen, name: str) -> None:
    """Fill a pane that was opened, or clear what it showed elsewhere."""
    from rpterm.tui.screens.chat import examples, memory, scores

    match name:
        case "prompt":
            _show_prompt(chat, chat.state.prompt)
            preview.request_preview(chat, after=0.0)
        case "card":
            refresh_card(chat)
        case "chats":
            await fill_chats(chat)
        case "consistency":
            scores.refresh(chat)
            chat.keeper.idle()
        case "memory":
            await memory.refresh(chat)
            preview.request_preview(chat, after=0.0)
        case _:
            await examples.fill(chat, anew=True)


async def _show_line(chat: ChatScreen, line: str) -> None:
    """Show a line of the card in the Card pane."""
    if "card" not in chat.panes.shown:
        await toggle(chat, name="card")
    pane: CardPane | None = chat.panes.pane("card")
    if pane is not None:
        pane.call_after_refresh(pane.highlight_line, line)


async def fill_chats(chat: ChatScreen) -> None:
    """Reload the Chats pane, if it is open."""
    from rpterm.tui.screens.chats import chat_choices

    pane: ChatsPane | None = chat.panes.pane("chats")
    if pane is not None and (session := chat.session) is not None:
        pane.show(await chat_choices(chat.ask, session.store), session.chat_id)


def chat_opened(chat: ChatScreen) -> None:
    """Another chat is open: update all panes."""
    from rpterm.tui.screens.chat import examples, scores

    refresh_card(chat)
    scores.refresh(chat)
    examples.refresh_soon(chat)
    chat.work(fill_chats(chat), "panes")
    refresh_memory(chat)


def refresh_memory(chat: ChatScreen) -> None:
    """Reload the Memory pane, if it is open."""
    if "memory" in chat.panes.shown:
        from rpterm.tui.screens.chat import memory

        chat.work(memory.refresh(chat), "memory")


def refresh_card(chat: ChatScreen) -> None:
    """The card, or the note about its last save, changed: update the Card pane, if it is open."""
    pane: CardPane | None = chat.panes.pane("card")
    if pane is not None and chat.card is not None:
        pane.show(chat.card, chat.state.card_note, portrait_path(chat))


def portrait_path(chat: ChatScreen) -> Path | None:
    """The file of the character's portrait, which the card names relative to its own file."""
    path = chat.state.chat.card_path if chat.state.chat else None
    if chat.card is None or not chat.card.portrait or path is None:
        return None
    return Path(path).parent / chat.card.portrait


def show_preview(chat: ChatScreen, prompt: Prompt | None, problem: str) -> None:
    """Show the prompt that was built for the draft, or why there is none."""
    if chat.state.busy:
        return
    _show_prompt(chat, prompt, problem)
    if prompt is not None:
        preview.show_window_usage(chat, prompt)
        # Nothing is recalled without a draft: keep showing the memories of the last reply.
        _show_recalled(chat, chat.state.prompt if chat.input.empty else prompt)


def show_sent_prompt(chat: ChatScreen, prompt: Prompt) -> None:
    """Show the prompt that was sent to the model."""
    _show_prompt(chat, prompt)
    _show_recalled(chat, prompt)


def _show_prompt(chat: ChatScreen, prompt: Prompt | None, problem: str = "") -> None:
    pane: PromptPane | None = chat.panes.pane("prompt")
    if pane is not None:
        pane.show(prompt, problem)


def _show_recalled(chat: ChatScreen, prompt: Prompt | None) -> None:
    """Show the memories of this prompt in the Memory pane, if it is open."""
    chat.state.recalled = prompt
    refresh_memory(chat)


def _focus(chat: ChatScreen) -> None:
    """Focus a pane that covers the chat, or else the turn editor or the input."""
    if chat.panes.covers:
        chat.panes.focus_targets[0].focus()
    elif chat.state.editor is not None:
        chat.state.editor.focus()
    else:
        chat.input.focus()
    chat.refresh_hints()


async def next_place(chat: ChatScreen) -> None:
    """Move the focus to the next open pane, and after the last one back to the input."""
    first = chat.state.editor or chat.input
    places = (
        [first, *chat.panes.focus_targets] if not chat.panes.covers else chat.panes.focus_targets
    )
    at = next((at for at, place in enumerate(places) if place.has_focus), -1)
    places[(at + 1) % len(places)].focus()
    chat.refresh_hints()
