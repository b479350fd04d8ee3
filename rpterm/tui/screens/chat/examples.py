"""Fills the Examples pane and changes how many examples the prompt contains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.errors import RptermError
from rpterm.tui.screens.chat import preview
from rpterm.tui.widgets.status import Phase

if TYPE_CHECKING:
    from rpterm.chat.session import Session
    from rpterm.examples.editor import CardEditor
    from rpterm.examples.provider import ExampleProvider
    from rpterm.examples.records import Row
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.examples import ExampleSizes, ExamplesPane

STEP = 64
"""The number of tokens by which a key changes the budget."""
MOST_SHARE = 2
"""The budget slider ends at half of the context window."""


async def toggle(chat: ChatScreen) -> None:
    """Open or close the Examples pane."""
    from rpterm.tui.widgets.panes.examples import ExamplesPane

    def slide(k: int | None, budget: float | None) -> None:
        chat.work(_slide(chat, k, budget))

    pane = await chat.panes.toggle("examples", lambda: ExamplesPane(slide))
    if pane is not None:
        if (provider := provider_of(chat)) is not None:
            provider.refresh()
        await fill(chat)
        chat.panes.focus_pane("examples")
    else:
        chat.input.focus()
    chat.refresh_hints()


async def fill(chat: ChatScreen) -> None:
    """Reload the rows of the pane, if it is open."""
    pane, session, provider = pane_of(chat), chat.session, provider_of(chat)
    if pane is None:
        return
    if session is None or provider is None or chat.state.info is None:
        pane.show([], pane.sizes, _why_empty(chat))
        return
    draft = slash.message_in(chat.input.full_text)
    rows: list[Row] = []
    sizes, problem = pane.sizes, ""
    try:
        rows, sizes = await chat.previews.call(_rows, session, provider, draft)
    except RptermError as error:
        problem = str(error)
    if chat.session is session:  # Otherwise another chat was opened meanwhile.
        pane.show(rows, sizes, problem)


def _why_empty(chat: ChatScreen) -> str:
    """Why no rows can be shown."""
    if chat.session is not None and provider_of(chat) is None:
        return "This chat has no examples."
    failed = chat.state.figures.phase is Phase.FAILED
    return "Without a model, tokens cannot be counted." if failed else "Waiting for the model…"


def refresh_soon(chat: ChatScreen) -> None:
    """Reload the pane in the background, if it is open."""
    if pane_of(chat) is not None:
        chat.work(fill(chat), "examples")


def _rows(
    session: Session, provider: ExampleProvider, draft: str
) -> tuple[list[Row], ExampleSizes]:
    from rpterm.prompt.build import EXAMPLES_SHARE
    from rpterm.tui.widgets.panes.examples import ExampleSizes

    record, lead = session.chat, session.scene.lead
    path = session.path()
    if draft.strip():
        path.append(session.message(draft.strip(), path))
    # Always for the chat's own character: examples are not chosen for the others.
    view = session.scene.view(lead, path)
    prompt = lead.prompter.build_full(view)
    rows = provider.rows(view, prompt, lead.prompter.count)
    k, budget = provider.sizes(record.id)
    used = sum(span.tokens for span in prompt.spans if span.source.startswith("example:"))
    default = prompt.context // EXAMPLES_SHARE
    return rows, ExampleSizes(k, budget or default, not budget, used, prompt.context // MOST_SHARE)


# Sizes -----------------------------------------------------------------------------------------
async def step(chat: ChatScreen, *, k: int = 0, tokens: int = 0) -> None:
    """Change the number of examples chosen for each turn, or the tokens of the fixed ones.

    Less than ``STEP`` tokens restores the default share.
    """
    if (pane := pane_of(chat)) is not None:
        now = pane.sizes
        await _resize(chat, now.k + k, now.budget + tokens if tokens else now.chosen)


async def _slide(chat: ChatScreen, k: int | None, budget: float | None) -> None:
    """Apply a slider: examples for each turn, or the budget as a share of its maximum."""
    if (pane := pane_of(chat)) is not None:
        now = pane.sizes
        tokens = now.chosen if budget is None else round(budget * now.most / STEP) * STEP
        await _resize(chat, now.k if k is None else k, tokens)


async def _resize(chat: ChatScreen, k: int, budget: int) -> None:
    """Set both sizes, within the limits of the sliders; a budget of 0 is the default share."""
    from rpterm.tui.widgets.panes.examples import MOST_A_TURN

    pane, session, provider = pane_of(chat), chat.session, provider_of(chat)
    if pane is None or session is None or provider is None:
        return
    count = min(MOST_A_TURN, max(0, k))
    tokens = min(pane.sizes.most, budget) if budget >= STEP else 0
    await chat.ask(provider.set_sizes, session.chat_id, count, tokens)
    await examples_changed(chat)


# Helpers ---------------------------------------------------------------------------------------
def pane_of(chat: ChatScreen) -> ExamplesPane | None:
    pane = chat.panes.pane("examples")
    if pane is None:
        return None
    from rpterm.tui.widgets.panes.examples import ExamplesPane

    assert isinstance(pane, ExamplesPane)
    return pane


def provider_of(chat: ChatScreen) -> ExampleProvider | None:
    from rpterm.examples.provider import ExampleProvider

    session = chat.session
    provider = session.examples if session is not None else None
    return provider if isinstance(provider, ExampleProvider) else None


async def examples_changed(chat: ChatScreen) -> None:
    """After the examples changed: let the cache follow, and show the change."""
    if chat.session is not None and not chat.state.busy:
        await chat.ask(chat.session.settle_cache)
    await fill(chat)
    preview.request_preview(chat, always=True)


def editor_of(chat: ChatScreen, session: Session) -> CardEditor:
    """The card editor of this chat, which also holds what can be undone."""
    from rpterm.examples.editor import CardEditor
    from rpterm.paths import find

    if chat.examples_editor is None or chat.examples_editor.session is not session:
        chat.examples_editor = CardEditor(session, find().characters)
    return chat.examples_editor
