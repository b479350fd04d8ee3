"""Remedies for a reply that is out of character, one command each.

Regenerate with a hint, keep the best of several, pin an example, or write an author's note. They
also work when no alarm is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpterm.tui.screens.chat import chats, examples, frame, replies, require
from rpterm.tui.screens.chat.scores import (
    NARRATOR,
    SCORES_OFF,
    card_of_speaker,
    ends_with_reply,
    is_scorable,
    target_reply,
)
from rpterm.tui.screens.chat.state import ScreenRequest
from rpterm.types import Intent, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpterm.cards.card import CharacterCard
    from rpterm.scoring.scorer import Score
    from rpterm.tui.screens.chat.screen import ChatScreen


async def again_with_hint(chat: ChatScreen) -> None:
    """Regenerate the reply with a hint about what is wrong with this version."""
    from rpterm.scoring.findings import regeneration_hint

    turn, score, card = _scored_reply(chat)
    text = regeneration_hint(score, turn.text, char=card.char, user=replies.user_name(chat))
    chat.say(text, title="Again, with a hint")
    chat.input.focus()
    await replies.start(chat, ScreenRequest(Intent.REGENERATE, turn_id=turn.id, hint=text))


async def best_of(chat: ChatScreen) -> None:
    """Generate several versions of the reply at once and keep the one with the best score."""
    session, turn = require.session(chat), _reply(chat)
    if session.scores is None:
        raise require.Refusal(SCORES_OFF)
    chat.input.focus()
    count = max(2, chat.settings.candidates)
    await replies.start(
        chat, ScreenRequest(Intent.REGENERATE, turn_id=turn.id, candidates=count, best=True)
    )


async def best_kept(chat: ChatScreen, chances: Sequence[float | None], best: int) -> None:
    """Show the candidate that the session kept after scoring all of them.

    A candidate that the user chose in the meantime takes precedence. The scores are shown only if
    the user asked for the best of several; after every message they would be in the way.
    """
    if chat.state.chosen:
        return
    await frame.clear_below(chat)
    if chat.state.request is None or not chat.state.request.best:
        return
    shares = ", ".join(
        f"{'▸' if at == best else ''}{chance:.0%}" if chance is not None else "–"
        for at, chance in enumerate(chances)
    )
    chat.say(f"{shares}. The others stay as swipes.", title=f"The best of {len(chances)}")


async def pin_example(chat: ChatScreen) -> None:
    """Pin the example that best shows what the reply missed."""
    turn, score, _ = _scored_reply(chat)
    await examples.pin_nearest(chat, turn, score)


async def add_note(chat: ChatScreen) -> None:
    """Propose an author's note about what went wrong, which the user can edit."""
    from rpterm.scoring.findings import author_note

    turn, score, card = _scored_reply(chat)
    user = replies.user_name(chat)
    await chats.write_note(chat, author_note(score, turn.text, char=card.char, user=user))


def _reply(chat: ChatScreen) -> Turn:
    """The selected reply, or the last one unless a message or candidates below it wait."""
    require.idle(chat)
    require.no_choice(chat)
    turn = target_reply(chat, [turn for turn in chat.transcript.turns if is_scorable(turn)])
    if turn is None:
        raise require.Refusal("There is no reply yet.")
    if chat.transcript.selected is None and not ends_with_reply(chat):
        raise require.Refusal(
            f"Your last message has no reply yet: {chat.key_name('regenerate')} makes one."
        )
    return turn


def _scored_reply(chat: ChatScreen) -> tuple[Turn, Score, CharacterCard]:
    """The reply to remedy, its score, and its speaker's card."""
    turn = _reply(chat)
    card, score = card_of_speaker(require.session(chat), turn), chat.keeper.known.get(turn.id)
    if card is None:
        raise require.Refusal(NARRATOR)
    if score is None:
        raise require.Refusal("This reply has no score yet.")
    return turn, score, card
