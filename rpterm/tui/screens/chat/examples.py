"""The Examples pane: fills it, and runs its commands: pin, exclude, edit, undo, compare, sizes.

Examples of the card are changed in the card's file, so that its author sees the change in an editor
and in git. What concerns a single chat is kept in the store.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rpterm.chat import slash
from rpterm.errors import RptermError
from rpterm.text.unspaced import UNSPACED, whole_words
from rpterm.tui.screens.chat import changes, preview, replies, require
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.tui.screens.form import Field, Form
from rpterm.tui.widgets.status import Phase
from rpterm.types import Intent, Status, Turn

if TYPE_CHECKING:
    from rpterm.cards.card import Example
    from rpterm.chat.session import Session
    from rpterm.examples.editor import CardEditor
    from rpterm.examples.provider import ExampleProvider
    from rpterm.examples.records import Exemplar, Row
    from rpterm.scoring.scorer import Score
    from rpterm.store.example_settings import Mark
    from rpterm.tui.screens.chat.screen import ChatScreen
    from rpterm.tui.widgets.panes.examples import ExampleSizes, ExamplesPane
    from rpterm.types import Member

STEP = 64
"""The number of tokens by which a key changes the budget."""
MOST_SHARE = 2
"""The budget slider ends at half of the context window."""


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


async def slide(chat: ChatScreen, k: int | None, budget: float | None) -> None:
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


# Commands --------------------------------------------------------------------------------------
async def toggle_mark(chat: ChatScreen, *, mark: Mark) -> None:
    """Pin the marked example in this chat or exclude it; undo that if it is so already."""
    row = _marked_row(chat)
    await _mark(chat, row.exemplar, None if row.place == mark else mark)


async def edit(chat: ChatScreen) -> None:
    """Edit the text of an example of the card, in its file."""
    from rpterm.examples.records import card_key

    session, exemplar = require.session(chat), _marked_row(chat).exemplar
    if not exemplar.number:
        raise require.Refusal(
            "This example comes from a chat. Edit the turn itself, or keep it as an example first."
        )
    lines = exemplar.example.dialogue
    fields = [
        Field(f"line{at}", "You" if who == "user" else chat.card.char if chat.card else "They",
              line, lines=3)
        for at, (who, line) in enumerate(lines)
    ]  # fmt: skip

    async def store(values: dict[str, str]) -> None:
        if chat.session is not session:
            raise require.Refusal("Nothing was changed: another chat was opened meanwhile.")
        edited = tuple((who, values[f"line{at}"].strip()) for at, (who, _) in enumerate(lines))
        example = replace(exemplar.example, dialogue=edited)
        if example != exemplar.example:
            editor = editor_of(chat, session)
            summary = await chat.ask(editor.change, exemplar.example, example)
            if (pane := pane_of(chat)) is not None:
                pane.renamed(exemplar.key, card_key(example))
            await card_written(chat, summary)

    await chat.app.push_screen_wait(Form(f"Example {exemplar.number}", fields, store))


async def keep(chat: ChatScreen) -> None:
    """Add the selected or last exchange as an example to the card of the character who replied."""
    from rpterm.examples.pool import exchange

    session, turn = require.session(chat), replies.target_turn(chat)
    if turn is None:
        raise require.Refusal("There is no exchange yet.")
    if turn.status is not Status.COMPLETE:
        raise require.Refusal(
            f"This reply breaks off: continue it ({chat.key_name('continue')}) or edit it, then "
            "keep it."
        )
    exemplar = await chat.ask(exchange, session.store, turn)
    if exemplar is None:
        raise require.Refusal("Choose a reply to something you said: an example needs both lines.")
    member = _other_member(session, turn)
    if member is not None and member.narrator:
        raise require.Refusal(
            f"{member.speaker} is a narrator; only a character's replies become examples."
        )
    example = _with_user_macro(exemplar.example, replies.user_name(chat))
    name = member.card_name if member is not None else ""
    await card_written(chat, await chat.ask(editor_of(chat, session).add, example, name), name)


async def undo(chat: ChatScreen) -> None:
    """Undo the last change of a card's examples."""
    editor = chat.examples_editor
    ours = editor is not None and editor.session is chat.session
    edit = await chat.ask(editor.undo) if editor is not None and ours else None
    if edit is None:
        raise require.Refusal(
            "Nothing to undo: the card was not changed from here, or was saved since then."
        )
    await card_written(chat, "The last change is undone.", edit.member)


async def pin_nearest(chat: ChatScreen, turn: Turn, score: Score) -> None:
    """Pin the card's example that best shows what a reply missed."""
    from rpterm.cards import macros
    from rpterm.scoring import findings
    from rpterm.tui import text

    session, provider = chat.session, provider_of(chat)
    if session is None or provider is None:
        return
    card = session.card
    if (other := _other_member(session, turn)) is not None:
        raise require.Refusal(
            f"Only examples of {card.char} can be pinned here. The prompt contains as many of "
            f"{other.speaker}'s as fit anyway."
        )
    missed = (
        " ".join(findings.broken_lines(score))
        if findings.weakest_dimension(score) == "persona"
        else ""
    )
    turns = chat.transcript.turns
    said = next((t.text for t in reversed(turns) if t.id == turn.parent_id), "")
    exemplar = await chat.ask(provider.nearest, card, session.chat, missed or said, turn.text)
    if exemplar is None:
        raise require.Refusal(
            "The card has no example left to pin. Keep a good exchange as an example first."
        )
    await _mark(chat, exemplar, "pinned")
    words = macros.expand(exemplar.reply, char=card.char, user=replies.user_name(chat))
    shown = text.one_line(words, 80)
    chat.say(f"Example {exemplar.number} is pinned: “{shown}” It counts from the next reply.")


async def compare(chat: ChatScreen) -> None:
    """Generate the reply with and without examples and show both next to each other."""
    from rpterm.chat.example_comparison import uses_examples

    session, turn = require.session(chat), replies.target_turn(chat)
    require.idle(chat)
    if turn is None or turn.role != "assistant" or turn.parent_id is None:
        raise require.Refusal(
            "Choose a reply to something you said: it is made with and without examples."
        )
    if not await chat.ask(uses_examples, session, turn.id):
        raise require.Refusal(
            "The prompt of this reply contains no example, so there is nothing to compare."
        )
    require.idle(chat)  # A reply may have been started meanwhile.
    if chat.panes.covers:
        chat.panes.close_last()
    chat.input.focus()
    await replies.start(
        chat,
        ScreenRequest(Intent.REGENERATE, turn_id=turn.id, candidates=2, compare_examples=True),
    )


# Helpers ---------------------------------------------------------------------------------------
def pane_of(chat: ChatScreen) -> ExamplesPane | None:
    pane: ExamplesPane | None = chat.panes.pane("examples")
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


async def card_written(chat: ChatScreen, summary: str, member: str = "") -> None:
    """After a card was saved from here: say what changed, and show it.

    Args:
        member: The card name of one of several characters; "" is the chat's own character.
    """
    if member:
        chat.say(summary, title=f"{member} was saved")
    elif chat.session is not None:
        await changes.card_changed(chat, chat.session.card, summary)
    await examples_changed(chat)


def _marked_row(chat: ChatScreen) -> Row:
    pane = pane_of(chat)
    if pane is None or pane.row is None:
        raise require.Refusal("Mark an example first.")
    return pane.row


async def _mark(chat: ChatScreen, exemplar: Exemplar, mark: Mark | None) -> None:
    session, provider = chat.session, provider_of(chat)
    if session is None or provider is None:
        return
    if mark == "pinned" and exemplar.chat_id == session.chat_id:
        raise require.Refusal(
            "This was said in this very chat, so the model would copy it. Keep it as an example of "
            "the card instead."
        )
    if mark is None and exemplar.example.pinned:
        raise require.Refusal("The card itself pins this example: edit the card to change that.")
    await chat.ask(provider.mark, session.chat_id, exemplar.key, mark)
    await examples_changed(chat)


def _other_member(session: Session, turn: Turn) -> Member | None:
    """The member who said a reply; ``None`` if it was the chat's own character."""
    from rpterm.prompt.perspective import speaker_of

    cast = session.scene.cast
    member = speaker_of(cast, turn) if cast is not None else None
    return None if cast is None or member == cast.members[0] else member


def _with_user_macro(example: Example, user: str) -> Example:
    """Replace the user's name with ``{{user}}``, so that the example fits any user."""
    if len(user) < (2 if UNSPACED.search(user) else 3):
        return example
    name = re.compile(whole_words(user))
    lines = tuple(
        (who, name.sub("{{user}}", line.replace("{{", "{ {"))) for who, line in example.dialogue
    )
    return replace(example, dialogue=lines)
