"""The panes of the chat screen: opens and fills them, and fits them to the terminal's size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from rpterm.tui.screens.chat import preview
from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen


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


async def toggle_prompt(chat: ChatScreen) -> None:
    """Open or close the Prompt pane."""
    from rpterm.tui.widgets.panes.prompt import PromptPane

    pane = await chat.panes.toggle("prompt", PromptPane)
    if isinstance(pane, PromptPane):
        pane.show(chat.state.prompt)
        preview.request_preview(chat, after=0.0)
    _focus(chat)


async def toggle_card(chat: ChatScreen) -> None:
    """Open or close the Card pane."""
    from rpterm.tui.widgets.panes.card import CardPane

    card = chat.card
    if card is not None:
        await chat.panes.toggle(
            "card", lambda: CardPane(card, chat.state.card_note, portrait_path(chat))
        )
        _focus(chat)


async def toggle_consistency(chat: ChatScreen) -> None:
    """Open or close the Consistency pane."""
    from rpterm.tui.screens.chat import scores
    from rpterm.tui.widgets.panes.consistency import ConsistencyPane

    def show(line: str) -> None:
        chat.work(_show_line(chat, line))

    await chat.panes.toggle("consistency", lambda: ConsistencyPane(show))
    scores.refresh(chat)
    chat.keeper.idle()
    _focus(chat)


async def _show_line(chat: ChatScreen, line: str) -> None:
    """Show a line of the card in the Card pane."""
    from rpterm.tui.widgets.panes.card import CardPane

    if chat.card is None:
        return
    if chat.panes.pane("card") is None:
        await toggle_card(chat)
    pane = chat.panes.pane("card")
    if isinstance(pane, CardPane):
        pane.call_after_refresh(pane.highlight_line, line)


async def toggle_chats(chat: ChatScreen) -> None:
    """Open or close the Chats pane."""
    from rpterm.tui.screens.chat import chats
    from rpterm.tui.widgets.panes.chats import ChatsPane

    def choose(chat_id: int) -> None:
        chat.work(chats.open_chat(chat, chat_id))

    await chat.panes.toggle("chats", lambda: ChatsPane(choose))
    await fill_chats(chat)
    _focus(chat)


async def fill_chats(chat: ChatScreen) -> None:
    """Reload the Chats pane, if it is open."""
    from rpterm.tui.screens.chats import chat_choices
    from rpterm.tui.widgets.panes.chats import ChatsPane

    pane, session = chat.panes.pane("chats"), chat.session
    if isinstance(pane, ChatsPane) and session is not None:
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

        memory.refresh_soon(chat)


def refresh_card(chat: ChatScreen) -> None:
    """The card, or the note about its last save, changed: update the Card pane, if it is open."""
    from rpterm.tui.widgets.panes.card import CardPane

    if isinstance(pane := chat.panes.pane("card"), CardPane) and chat.card is not None:
        pane.show(chat.card, chat.state.card_note, portrait_path(chat))


def portrait_path(chat: ChatScreen) -> Path | None:
    """The file of the character's portrait, which the card names relative to its own file."""
    path = chat.state.chat.card_path if chat.state.chat else None
    if chat.card is None or not chat.card.portrait or path is None:
        return None
    return Path(path).parent / chat.card.portrait


def show_preview(chat: ChatScreen, prompt: Prompt | None, problem: str) -> None:
    """Show the prompt that was built for the draft, or why there is none."""
    from rpterm.tui.widgets.panes.prompt import PromptPane

    if isinstance(pane := chat.panes.pane("prompt"), PromptPane) and not chat.state.busy:
        pane.show(prompt, problem)
    if prompt is not None and not chat.state.busy:
        preview.show_window_usage(chat, prompt)
        # Nothing is recalled without a draft: keep showing the memories of the last reply.
        _show_recalled(chat, chat.state.prompt if chat.input.empty else prompt)


def show_sent_prompt(chat: ChatScreen, prompt: Prompt) -> None:
    """Show the prompt that was sent to the model."""
    from rpterm.tui.widgets.panes.prompt import PromptPane

    if isinstance(pane := chat.panes.pane("prompt"), PromptPane):
        pane.show(prompt)
    _show_recalled(chat, prompt)


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
