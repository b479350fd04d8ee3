"""The panes of the chat screen: opens and fills them, and fits them to the terminal's size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from rpterm.tui import keys
from rpterm.tui.screens.chat import chats, examples, frame, memory, preview, scores

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.card import CardPane
    from rpterm.tui.widgets.panes.chats import ChatsPane

NAMES = ("prompt", "card", "chats", "consistency", "memory", "examples")


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
        frame.focus(chat)
    if name == "examples" and (provider := examples.provider_of(chat)) is not None:
        provider.refresh()
    await fill(chat, name)
    if name == "consistency":
        chat.keeper.idle()
    elif opened is not None and name in ("prompt", "memory"):
        if name == "prompt":
            preview.show_prompt(chat, chat.state.prompt)
        preview.request_preview(chat, after=0.0)


def _make(chat: ChatScreen, name: str) -> Widget:
    """A pane, whose module is imported when it is first opened."""
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

            return MemoryPane(lambda: chat.fill_pane("memory"))
        case _:
            from rpterm.tui.widgets.panes.examples import ExamplesPane

            return ExamplesPane(lambda k, share: chat.work(examples.slide(chat, k, share)))


async def fill(chat: ChatScreen, name: str) -> None:
    """Fill a pane anew, if it is open."""
    match name:
        case "prompt":
            pass  # A preview fills it.
        case "card":
            _fill_card(chat)
        case "chats":
            await _fill_chats(chat)
        case "consistency":
            scores.refresh(chat)
        case "memory":
            await memory.refresh(chat)
        case _:
            await examples.fill(chat)


async def _show_line(chat: ChatScreen, line: str) -> None:
    """Show a line of the card in the Card pane."""
    if "card" not in chat.panes.shown:
        await toggle(chat, name="card")
    pane: CardPane | None = chat.panes.pane("card")
    if pane is not None:
        pane.call_after_refresh(pane.highlight_line, line)


async def _fill_chats(chat: ChatScreen) -> None:
    """Reload the Chats pane, if it is open."""
    from rpterm.tui.screens.chats import chat_choices

    pane: ChatsPane | None = chat.panes.pane("chats")
    if pane is not None and (session := chat.session) is not None:
        pane.show(await chat_choices(chat.ask, session.store), session.chat_id)


def _fill_card(chat: ChatScreen) -> None:
    pane: CardPane | None = chat.panes.pane("card")
    if pane is not None and chat.card is not None:
        pane.show(chat.card, chat.state.card_note, frame.portrait_path(chat))


async def next_place(chat: ChatScreen) -> None:
    """Move the focus to the next open pane, and after the last one back to the input."""
    first = chat.state.editor or chat.input
    places = (
        [first, *chat.panes.focus_targets] if not chat.panes.covers else chat.panes.focus_targets
    )
    at = next((at for at, place in enumerate(places) if place.has_focus), -1)
    places[(at + 1) % len(places)].focus()
    chat.refresh_hints()
