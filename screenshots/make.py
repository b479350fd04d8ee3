"""Make every picture of the README from the running program: ``python screenshots/make.py``.

The program, the store, the session and the cards are the real ones; only the replies are scripted,
so that the pictures are the same on every machine. ``--check`` makes them anew in a temporary
folder and fails where the text of one has changed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from textual.pilot import Pilot

from rpterm import paths
from rpterm.chat.live import LiveScores
from rpterm.chat.session import ReplyRequest, Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import EngineEvent, Finished, GenerateRequest
from rpterm.engine.scripted import ScriptedEngine
from rpterm.memory.facade import Memory
from rpterm.opening import launch
from rpterm.scoring.scorer import Scorer
from rpterm.store import Store
from rpterm.tui.app import RptermApp
from rpterm.tui.screens.chat.scores import is_scorable
from rpterm.types import AuthorNote, Intent, Origin, Persona

HERE = Path(__file__).parent
_DATE = re.compile(r"\d{1,2}(\s|&#160;)[A-Z][a-z]{2}\b((\s|&#160;)\d{4})?")
TALK = (
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
MORE = (
    '"Because a man who burns one edge of a card wants the other edge read." *He is already in his '
    'coat.* "Bring the umbrella with the heavy handle."',
    '*He laughs, once, without mirth.* "It is the only interesting thing you have told me. Watson '
    'would have led with it."',
    '"No. Sit. If we run now we run where we are wanted." *The window is opened an inch.* '
    '"Count the cabs with me instead."',
    '*For a long while there is only the fire.* "I was going to say that it frightens me. Let us '
    'say that it improves the evening."',
)

BROKEN = (
    '*He lays the bow down.* "As an AI language model I cannot accuse anyone, but here are some '
    'helpful tips: change the lock, and call me on my smartphone."'
)
EARLIER = "Mrs Dell has the second key to my house; she keeps it on a nail behind the flour."

SETTLE_S = 20.0
_STILL = 5
"""Looks, a tenth of a second apart, that must show the same."""
Drive = Callable[[Pilot[None], RptermApp], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """One picture: size in cells, theme, and what is pressed before it is taken."""

    name: str
    size: tuple[int, int] = (120, 36)
    theme: str = "lamplight"
    keys: tuple[str, ...] = ()
    drive: Drive | None = None
    first_run: bool = False
    typed: str = ""
    replies: tuple[str, ...] = MORE


async def _candidates(pilot: Pilot[None], app: RptermApp) -> None:
    app.chat.input.text = "Then why leave the card at all?"
    await pilot.press("ctrl+g")
    await _quiet(pilot, app)


async def _slip(pilot: Pilot[None], app: RptermApp) -> None:
    """One reply out of character, and the pane that says so."""
    app.chat.input.text = "And if it is my brother after all?"
    await pilot.press("enter")
    await _quiet(pilot, app)
    await pilot.press("f12")
    await _until(pilot, lambda: "falls" in _words(app) or "fell" in _words(app))
    await _quiet(pilot, app)


async def _remembered(pilot: Pilot[None], app: RptermApp) -> None:
    """What was recalled for a question about something said long ago."""
    session = app.chat.session
    assert session is not None and session.memory is not None
    session.memory.settled(SETTLE_S)  # What was said counts in how rare its words are.
    app.chat.input.text = "Do you remember who has the keys to my house?"
    await pilot.press("enter")
    await _quiet(pilot, app)
    await pilot.press("alt+m")
    await _quiet(pilot, app)


PICTURES = (
    Picture("chat"),
    Picture("prompt", (160, 44), keys=("f2",), typed="And the lamp, was it lit?"),
    Picture("wide", (200, 50), keys=("f2", "f3")),
    Picture("candidates", drive=_candidates),
    Picture("consistency", (140, 40), drive=_slip, replies=(BROKEN,)),
    Picture("memory", (140, 40), drive=_remembered),
    Picture("light", (80, 24), theme="paper"),
    Picture("keys", keys=("f1",)),
)


class Steady(ScriptedEngine):
    """A scripted engine that always takes the same time: the status line shows it."""

    def generate(self, request: GenerateRequest) -> Iterator[EngineEvent]:
        for event in super().generate(request):
            if isinstance(event, Finished):
                spent = event.usage.generated / 51.0
                usage = replace(event.usage, first_token_s=0.31, decode_s=spent)
                yield replace(event, usage=usage)
            else:
                yield event


@dataclass
class Studio:
    """A database in a temporary folder with one chat in it."""

    folder: Path
    replies: tuple[str, ...] = MORE

    def session(self) -> Session:
        """The chat with sherlock, three exchanges in; another one was weeks ago."""
        found = launch.find_card("sherlock", paths.find({"RPTERM_HOME": str(self.folder)}))
        store = Store(self.folder / "rpterm.db")
        persona = Persona(found.card.user_name, found.card.user_description)
        self._earlier(store, found, persona)
        chat = begin_chat(store, found.card, found.text, persona)
        engine = Steady([reply for _, reply in TALK] + list(self.replies))
        session = Session(
            store, engine, found.card, chat, Settings(), memory=Memory(store, found.card.name),
            scores=LiveScores(store, Scorer, slow=False),
        )  # fmt: skip
        session.rename("The scorched card")
        session.set_note(AuthorNote("The fog is getting thicker."))
        for asked, _ in TALK:
            list(session.reply(ReplyRequest(Intent.SEND, asked)))
        return session

    def _earlier(self, store: Store, found: launch.FoundCard, persona: Persona) -> None:
        """A chat that the character remembers."""
        chat = begin_chat(store, found.card, found.text, persona)
        turn = store.add_turn(
            chat.id, chat.leaf_id, "user", persona.name, EARLIER, origin=Origin.TYPED
        )
        memory = Memory(store, found.card.name)
        memory.start()
        memory.remember(turn.id)
        memory.close()


def _words(app: RptermApp) -> str:
    return shown(app.export_screenshot())


async def _until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        await pilot.pause(0.05)


async def _quiet(pilot: Pilot[None], app: RptermApp) -> None:
    """Wait until nothing is being made or is_scorable, and the screen stands still."""
    state = app.chat.state
    await _until(pilot, lambda: state.session is not None and not state.busy)
    await _until(pilot, lambda: bool(state.figures.context))
    await _until(pilot, lambda: _scored(app))
    last: list[str] = []
    for _ in range(100):
        await pilot.pause(0.1)
        last = [*last[1 - _STILL :], shown(app.export_screenshot())]
        if len(last) == _STILL and len(set(last)) == 1:
            return


def _scored(app: RptermApp) -> bool:
    """Whether the last reply on screen has its score, if there is any."""
    replies = [turn for turn in app.chat.transcript.turns if is_scorable(turn)]
    return not replies or replies[-1].id in app.chat.keeper.known


async def take(picture: Picture) -> str:
    """The picture as SVG."""
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder), picture.replies)
        session = studio.session()
        settings = replace(Settings(), theme=picture.theme)
        app = RptermApp(session.card, lambda _t, _c: session, settings, first_run=picture.first_run)
        async with app.run_test(size=picture.size) as pilot:
            app.cursor_blink = False  # type: ignore[attr-defined]
            await _quiet(pilot, app)
            app.chat.input.text = picture.typed
            for key in picture.keys:
                await pilot.press(key)
                await _quiet(pilot, app)
            if picture.drive is not None:
                await picture.drive(pilot, app)
            return app.export_screenshot(title="rpterm")


def shown(svg: str) -> str:
    """The words of a picture: what a reader sees, without ids, positions, colours and dates."""
    return _DATE.sub("a day", "\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg)))


def fresh(path: Path, picture: Picture) -> bool:
    """Whether a picture still shows what the program shows.

    A busy machine can catch the screen between two frames, so only a third difference counts.
    """
    if not path.exists():
        return False
    kept = shown(path.read_text(encoding="utf-8"))
    return any(shown(asyncio.run(take(picture))) == kept for _ in range(3))


def main() -> int:
    """Make or check the pictures; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is stale")
    parser.add_argument("names", nargs="*", help="only these")
    asked = parser.parse_args()
    stale = []
    for picture in PICTURES:
        if asked.names and picture.name not in asked.names:
            continue
        path = HERE / f"{picture.name}.svg"
        if not asked.check:
            path.write_text(asyncio.run(take(picture)), encoding="utf-8")
        elif not fresh(path, picture):
            stale.append(picture.name)
    if stale:
        sys.stderr.write(f"Stale pictures: {', '.join(stale)}. Run python screenshots/make.py\n")
    return bool(stale)


if __name__ == "__main__":
    raise SystemExit(main())
