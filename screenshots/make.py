"""Takes the README's screenshots from the running program: ``python screenshots/make.py``.

The app, store, session and cards are the real ones. Only the replies are scripted, so that the
pictures come out the same on every machine. ``--check`` takes them again without writing and fails
if the text of one has changed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from rpterm import paths
from rpterm.cards.worlds import CardText
from rpterm.chat.live_scores import LiveScores
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import EngineEvent, Finished, GenerateRequest
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.character_memory import CharacterMemory
from rpterm.scoring.scorer import Scorer
from rpterm.startup import launch
from rpterm.store import Store
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat.scores import is_scorable
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.types import AuthorNote, Intent, Origin, Persona

HERE = Path(__file__).parent
_GAP = re.compile(r"(?:&#160;){2,}")
_DATE = re.compile(r"\d{1,2}(\s|&#160;)[A-Z][a-z]{2}\b((\s|&#160;)\d{4})?")
CONVERSATION = (
    (
        "I found this under the door. *I hold out a visiting card, scorched along one edge.*",
        '*He takes it by the corners and carries it to the lamp.* "You did not scorch it; you '
        'have no patience. A left thumb, sealing wax, a trace of naphtha." *The card is sniffed '
        'and laid down very gently.* "Who else has keys to your house?"',
    ),
    (
        "Only Mrs Dell, who cleans. And my brother, until the quarrel.",
        '"A quarrel over money you did not lend him." *He holds up one finger before you can ask.* '
        '"You touched your watch when you said the word, and the chain is new. **Until** the '
        'quarrel, you say. When did you change the lock?"',
    ),
    (
        "I never did.",
        '*A bow is laid across two strings, without a note.* "Then we need not ask how he came in. '
        "Only why he wished you to know it. Pass me the directory of the Thames lightermen, it is "
        'under the skull."',
    ),
)
NEXT_REPLIES = (
    '"Because a man who burns one edge of a card wants the other edge read." *He is already in his '
    'coat.* "Bring the umbrella with the heavy handle."',
    '*He laughs, once, without mirth.* "It is the only interesting thing you have told me. Watson '
    'would have led with it."',
    '"No. Sit. If we run now we run where we are wanted." *The window is opened an inch.* '
    '"Count the cabs with me instead."',
    '*For a long while there is only the fire.* "I was going to say that it frightens me. Let us '
    'say that it improves the evening."',
)

OUT_OF_CHARACTER = (
    '*He lays the bow down.* "As an AI language model I cannot accuse anyone, but here are some '
    'helpful tips: change the lock, and call me on my smartphone."'
)
FROM_EARLIER_CHAT = (
    "Mrs Dell has the second key to my house; she keeps it on a nail behind the flour."
)
RECALLING_REPLY = (
    '"Mrs Dell, who hangs hers on a nail behind the flour." *He does not look up from the card.* '
    '"You told me so yourself. Any baker\'s boy might have borrowed it."'
)

TIMEOUT_S = 30.0
_STILL_SCREENS = 5
"""Consecutive identical screens, 0.1 s apart, after which the screen counts as still."""
Drive = Callable[[Pilot[None], RptermApp], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """A screenshot: its size in cells, its theme, and what is typed and pressed before it.

    Attributes:
        begun: Whether the chat has turns after its greeting.
    """

    name: str
    size: tuple[int, int] = (120, 36)
    theme: str = "lamplight"
    keys: tuple[str, ...] = ()
    drive: Drive | None = None
    first_run: bool = False
    typed: str = ""
    replies: tuple[str, ...] = NEXT_REPLIES
    begun: bool = True


async def _candidates(pilot: Pilot[None], app: RptermApp) -> None:
    app.chat.input.text = "Then why leave the card at all?"
    await pilot.press("ctrl+g")
    await _wait_until_still(pilot, app)


async def _slip_out_of_character(pilot: Pilot[None], app: RptermApp) -> None:
    """A reply that breaks character, and the Consistency pane that shows why."""
    app.chat.input.text = "And if it is my brother after all?"
    await pilot.press("enter")
    await _wait_until_still(pilot, app)
    await pilot.press("f12")
    await _wait_until(pilot, lambda: "falls" in _screen_text(app) or "fell" in _screen_text(app))
    await _wait_until_still(pilot, app)


async def _recall_memory(pilot: Pilot[None], app: RptermApp) -> None:
    """The memories recalled for a question about something said in an earlier chat."""
    session = app.chat.session
    assert session is not None and isinstance(session.memory, SettledMemory)
    session.memory.settled(TIMEOUT_S)
    session.memory.waits = True
    app.chat.input.text = "Do you remember who has the keys to my house?"
    await pilot.press("enter")
    await _wait_until_still(pilot, app)
    await pilot.press("alt+m")
    await _wait_until_still(pilot, app)


async def _mark_character(pilot: Pilot[None], app: RptermApp) -> None:
    """The list of characters with one of them marked."""
    await pilot.press("f9")
    await _wait_until_still(pilot, app)
    await pilot.press("down", "down")
    await _wait_until_still(pilot, app)


PICTURES = (
    Picture("chat"),
    Picture("new", begun=False),
    Picture("characters", drive=_mark_character, begun=False),
    Picture("slash", (100, 30), keys=("slash",)),
    Picture("prompt", (160, 44), keys=("f2",), typed="And the lamp, was it lit?"),
    Picture("wide", (200, 50), keys=("f2", "f3")),
    Picture("candidates", drive=_candidates),
    Picture("consistency", (140, 40), drive=_slip_out_of_character, replies=(OUT_OF_CHARACTER,)),
    Picture("memory", (140, 40), drive=_recall_memory, replies=(RECALLING_REPLY,)),
    Picture("light", (80, 24), theme="paper"),
    Picture("keys", keys=("f1",)),
)


class ConstantSpeedEngine(ScriptedEngine):
    """A scripted engine with constant timings, because the status line shows them."""

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        for event in super().generate(request):
            if isinstance(event, Finished):
                decode_s = event.usage.generated / 51.0
                usage = replace(event.usage, first_token_s=0.31, decode_s=decode_s)
                yield replace(event, usage=usage)
            else:
                yield event


class SettledMemory(CharacterMemory):
    """Stores a turn before anything is recalled, since the rarity of words counts in recall."""

    waits = False
    """Set once the memory is started: before, nothing is stored."""

    def remember(self, turn_id: int) -> None:
        super().remember(turn_id)
        if self.waits:
            self.settled(TIMEOUT_S)


@dataclass
class Studio:
    """A database in a temporary folder, with the chat that the pictures show."""

    folder: Path
    replies: tuple[str, ...] = NEXT_REPLIES

    def session(self, *, begun: bool = True) -> Session:
        """A chat with sherlock, new or after three exchanges; there is an earlier one."""
        found = launch.find_card("sherlock", paths.find({"RPTERM_HOME": str(self.folder)}))
        store = Store(self.folder / "rpterm.db")
        persona = Persona(found.card.user_name, found.card.user_description)
        self._add_earlier_chat(store, found, persona)
        chat = begin_chat(store, found.card, found.text, persona, card_path=str(found.path))
        engine = ConstantSpeedEngine([reply for _, reply in CONVERSATION] + list(self.replies))
        session = Session(
            store, engine, found.card, chat, Settings(),
            memory=SettledMemory(store, found.card.name),
            scores=LiveScores(store, Scorer, slow=False),
        )  # fmt: skip
        if begun:
            session.rename("The scorched card")
            session.set_note(AuthorNote("The fog is getting thicker."))
            for asked, _ in CONVERSATION:
                list(session.reply(ReplyRequest(Intent.SEND, asked)))
        return session

    def _add_earlier_chat(self, store: Store, found: CardText, persona: Persona) -> None:
        """Store a chat with one turn, and a memory of it."""
        chat = begin_chat(store, found.card, found.text, persona)
        turn = store.add_turn(
            chat.id, chat.leaf_id, "user", persona.name, FROM_EARLIER_CHAT, origin=Origin.TYPED
        )
        memory = CharacterMemory(store, found.card.name)
        memory.start()
        memory.remember(turn.id)
        memory.close()


def _screen_text(app: App[None]) -> str:
    return visible_text(app.export_screenshot())


async def _wait_until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(round(TIMEOUT_S / 0.05)):
        if condition():
            return
        await pilot.pause(0.05)
    raise TimeoutError(
        f"The screen never came to show what was expected:\n{_screen_text(pilot.app)}"
    )


async def _wait_until_still(pilot: Pilot[None], app: RptermApp) -> None:
    """Wait until no reply or score is pending and the screen no longer changes."""
    state = app.chat.state
    await _wait_until(pilot, lambda: state.session is not None and not state.busy)
    await _wait_until(pilot, lambda: bool(state.figures.context))
    await _wait_until(pilot, lambda: _is_scored(app))
    screens: list[str] = []
    for _ in range(100):
        await pilot.pause(0.1)
        screens = [*screens[1 - _STILL_SCREENS :], _screen_text(app)]
        if len(screens) == _STILL_SCREENS and len(set(screens)) == 1:
            return


def _is_scored(app: RptermApp) -> bool:
    """Whether the last reply on screen has its score, or there is no reply."""
    replies = [turn for turn in app.chat.transcript.turns if is_scorable(turn)]
    return not replies or replies[-1].id in app.chat.keeper.known


async def take(picture: Picture) -> str:
    """Take the screenshot as SVG, in all colours whatever terminal this runs in."""
    os.environ["COLORTERM"] = "truecolor"
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder), picture.replies)
        session = studio.session(begun=picture.begun)
        settings = replace(Settings(), theme=picture.theme)
        app = RptermApp(
            ChatScreen(session.card, lambda _t, _c: session, settings), first_run=picture.first_run
        )
        async with app.run_test(size=picture.size) as pilot:
            app.cursor_blink = False  # type: ignore[attr-defined]
            await _wait_until_still(pilot, app)
            app.chat.input.text = picture.typed
            for key in picture.keys:
                await pilot.press(key)
                await _wait_until_still(pilot, app)
            if picture.drive is not None:
                await picture.drive(pilot, app)
            return app.export_screenshot(title="rpterm")


def visible_text(svg: str) -> str:
    """The text in a picture, dates replaced; ids, positions and colours are ignored.

    So is the width of gaps: the one before a date is a cell wider on the first nine of a month.
    """
    text = "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    return _GAP.sub("  ", _DATE.sub("a day", text))


def is_fresh(path: Path, picture: Picture) -> bool:
    """Whether a picture still shows what the program shows.

    A busy machine can catch the screen between two frames, so it is stale only after three tries.
    """
    if not path.exists():
        return False
    stored = visible_text(path.read_text(encoding="utf-8"))
    return any(visible_text(asyncio.run(take(picture))) == stored for _ in range(3))


def main() -> int:
    """Take or check the pictures and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, report what is stale")
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args()
    stale = []
    for picture in PICTURES:
        if options.names and picture.name not in options.names:
            continue
        path = HERE / f"{picture.name}.svg"
        if not options.check:
            path.write_text(asyncio.run(take(picture)), encoding="utf-8")
        elif not is_fresh(path, picture):
            stale.append(picture.name)
    if stale:
        sys.stderr.write(f"Stale pictures: {', '.join(stale)}. Run python screenshots/make.py\n")
    return bool(stale)


if __name__ == "__main__":
    raise SystemExit(main())
