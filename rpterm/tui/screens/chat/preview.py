"""Builds the prompt of the draft ahead, and shows prompts and how full the context window is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.errors import RptermError
from rpterm.types import Prompt

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.prompt import PromptPane


PREVIEW_AFTER_S = 0.3
"""How long typing must pause before the prompt preview is rebuilt, in seconds."""


def request_preview(
    chat: ChatScreen, after: float = PREVIEW_AFTER_S, *, always: bool = False
) -> None:
    """Build the prompt for the draft soon, unless a reply is being generated.

    Nothing is built for a draft of a word or two unless a pane shows its prompt.

    Args:
        after: The delay in seconds; a later request replaces this one.
        always: Build it whatever the draft and the panes.
    """
    from rpterm.chat.draft_ahead import is_telling

    wanted = always or not {"prompt", "memory"}.isdisjoint(chat.panes.shown)
    wanted = wanted or is_telling(slash.message_in(chat.input.full_text))
    if not wanted or chat.state.busy or chat.state.info is None:
        return

    def build() -> None:
        session = chat.session
        if session is not None and not chat.state.busy:
            draft = slash.message_in(chat.input.full_text)
            chat.previews.put(lambda: _build(chat, session, draft))

    chat.after_pause("preview", after, build)


def _build(chat: ChatScreen, session: Session, draft: str) -> None:
    """In the thread: build the prompt for a draft, and let the engine evaluate it ahead."""
    from rpterm.chat.draft_ahead import evaluate_draft

    prompt, problem = None, ""
    try:
        prompt = evaluate_draft(session, draft)
    except RptermError as error:
        problem = str(error)
    chat.tell(lambda: show_preview(chat, prompt, problem))


def show_preview(chat: ChatScreen, prompt: Prompt | None, problem: str) -> None:
    """Show the prompt that was built for the draft, or why there is none."""
    if chat.state.busy:
        return
    show_prompt(chat, prompt, problem)
    if prompt is not None:
        show_window_usage(chat, prompt)
        # Nothing is recalled without a draft: keep showing the memories of the last reply.
        _show_recalled(chat, chat.state.prompt if chat.input.empty else prompt)


def show_sent_prompt(chat: ChatScreen, prompt: Prompt) -> None:
    """Show the prompt that was sent to the model."""
    show_prompt(chat, prompt)
    _show_recalled(chat, prompt)


def show_prompt(chat: ChatScreen, prompt: Prompt | None, problem: str = "") -> None:
    """Show a prompt in the Prompt pane, or why there is none, if the pane is open."""
    pane: PromptPane | None = chat.panes.pane("prompt")
    if pane is not None:
        pane.show(prompt, problem)


def _show_recalled(chat: ChatScreen, prompt: Prompt | None) -> None:
    """Show the memories of this prompt in the Memory pane, if it is open."""
    chat.state.recalled = prompt
    chat.fill_pane("memory")


def show_window_usage(chat: ChatScreen, prompt: Prompt) -> None:
    """Show how full the context window is, and how many turns did not fit."""
    from rpterm.chat.prompting import turns_left_out

    left = len(turns_left_out(prompt))
    chat.figures(used=prompt.tokens, context=prompt.context, left=left)
