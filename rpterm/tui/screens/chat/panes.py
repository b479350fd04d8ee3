"""The panes of the chat screen, its key hints, and how both adapt to the size of the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.geometry import Size

from rpterm import slash
from rpterm.tui import background, messages
from rpterm.tui.screens.chat import slash_commands
from rpterm.tui.widgets.hints import KeyHints
from rpterm.types import Prompt, Turn

if TYPE_CHECKING:
    from rpterm.tui.screens.chat.screen import ChatScreen

PREVIEW_AFTER_S = 0.3
"""How long typing must pause before the prompt preview is rebuilt, in seconds."""

WRITING = ("stop", "select-previous", "pane-prompt", "palette")
DUELING = ("duel-left", "duel-right", "duel-tie", "duel-bad", "back", "help")
CHOOSING = ("choose", "swipe-previous", "swipe-next", "back", "palette", "help")
SELECTED = ("edit", "regenerate-here", "swipe-previous", "swipe-next", "branch-here", "delete")
RATED = ("stars-1", "stars-2", "stars-3", "stars-4", "stars-5", "thumb-up", "thumb-down")
SELECTED_LAST = ("continue-here", "copy", "hide", "back", "help")
RATED_LAST = ("tags", "flag", "unrate")
TYPING = ("send", "newline", "editor", "pane-prompt", "palette")
EDITING = ("turn-keep", "turn-line", "turn-leave", "palette")
COVERED = ("back", "pane-prompt", "pane-card", "pane-chats", "pane-memory", "pane-consistency",
           "pane-examples", "palette", "help")  # fmt: skip
BESIDE = ("next-place", *COVERED)
FIXED = {
    "prompt": (("↑↓", "mark"), ("⏎", "unfold")), "card": (("↑↓", "scroll"),),
    "chats": (("↑↓", "mark"), ("⏎", "open")), "memory": (("↑↓", "mark"),),
    "consistency": (("↑↓", "mark"), ("⏎", "line")), "examples": (("↑↓", "mark"), ("⏎", "unfold")),
}  # fmt: skip
"""The hints for the keys of lists in each pane, which cannot be remapped."""
EMPTY = ("regenerate", "swipe-previous", "swipe-next", "edit-last", "candidates", "continue",
         "select-previous", "chats", "palette", "help")  # fmt: skip


def hints(chat: ChatScreen) -> tuple[str, ...]:
    """The ids of the commands to show as hints in the present state."""
    if chat.state.busy:
        return WRITING
    if chat.panes.active:
        places = COVERED if chat.panes.covers else BESIDE
        return ("editor", *places) if chat.panes.active == "card" else places
    if chat.panes.covers:
        return COVERED
    if chat.state.editor is not None:
        return EDITING
    if chat.transcript.selected is not None:
        return _turn_hints(chat.transcript.selected)
    if chat.state.choosing is not None and chat.input.empty:
        return DUELING if chat.state.choosing.blind else CHOOSING
    group = chat.session is not None and chat.session.scene.group
    if not chat.input.empty:
        return (*TYPING[:1], "speaker", *TYPING[1:]) if group else TYPING
    return ("speaker", "cast", *EMPTY) if group else EMPTY


def fixed_hints(chat: ChatScreen) -> tuple[tuple[str, str], ...]:
    """The fixed keys of the pane that has the focus, with what they do."""
    return () if chat.state.busy else FIXED.get(chat.panes.active, ())


def show_hints(chat: ChatScreen) -> None:
    """Show the hints, or the completions while a slash command is written."""
    line, widget = chat.input.text, chat.query_one("#hints", KeyHints)
    if slash.is_command(line):
        widget.complete(*slash_commands.suggestions(line, chat.settings.keys))
    else:
        widget.show(hints(chat), fixed_hints(chat))


def _turn_hints(turn: Turn) -> tuple[str, ...]:
    """The commands on a selected turn; only replies can be rated."""
    if turn.role != "assistant":
        return (*SELECTED, *SELECTED_LAST)
    return (*SELECTED, *RATED, *SELECTED_LAST, *RATED_LAST)


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
        request_preview(chat, after=0.0)
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

    await chat.panes.toggle("consistency", ConsistencyPane)
    scores.refresh(chat)
    chat.keeper.idle()
    _focus(chat)


async def show_line(chat: ChatScreen, line: str) -> None:
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
    from rpterm.tui.widgets.panes.chats import ChatsPane

    await chat.panes.toggle("chats", ChatsPane)
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
    if chat.going_to is not None:
        from rpterm.tui.screens.chat import navigation

        chat.work(navigation.show_pending_turn(chat), "way")


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


def request_preview(
    chat: ChatScreen, after: float = PREVIEW_AFTER_S, *, always: bool = False
) -> None:
    """Build the prompt for the draft soon, if a pane shows it and no reply is being generated.

    Args:
        after: The delay in seconds; a later request replaces this one.
        always: Build it even if only the status line shows its size.
    """
    is_shown = always or not {"prompt", "memory"}.isdisjoint(chat.panes.shown)
    if not is_shown or chat.state.busy or chat.state.info is None:
        return

    def build() -> None:
        session = chat.session
        if session is not None and not chat.state.busy:
            draft, post = chat.input.full_text, chat.post_message
            chat.previews.put(lambda: background.preview(session, draft, post))

    chat.after_pause("preview", after, build)


def show_preview(chat: ChatScreen, event: messages.PromptPreviewed) -> None:
    """Show the prompt that was built for the draft."""
    from rpterm.tui.widgets.panes.prompt import PromptPane

    if isinstance(pane := chat.panes.pane("prompt"), PromptPane) and not chat.state.busy:
        pane.show(event.prompt, event.problem)
    if event.prompt is not None and not chat.state.busy:
        show_window_usage(chat, event.prompt)
        # Nothing is recalled without a draft: keep showing the memories of the last reply.
        _show_recalled(chat, chat.state.prompt if chat.input.empty else event.prompt)


def show_window_usage(chat: ChatScreen, prompt: Prompt) -> None:
    """Show how full the context window is, and how many turns did not fit."""
    from rpterm.chat.prompting import turns_left_out

    left = len(turns_left_out(prompt))
    chat.figures(used=prompt.tokens, context=prompt.context, left=left)


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
