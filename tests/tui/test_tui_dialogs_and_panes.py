"""Panes, lists, forms, help, palette, themes and the tour."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input, OptionList
from tui_support import (
    CARD,
    REPLIES,
    Stage,
    notices,
    phase,
    running,
    say,
    screen_text,
    texts,
    type_text,
    wait_until,
)

from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.store.errors import StoreError
from rpterm.tui import keys, palette
from rpterm.tui.screens.chat import examples, panes, replies
from rpterm.tui.screens.chat.screen import ChatScreen
from rpterm.tui.screens.chats import ChatsScreen
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.tui.screens.dialog import Dialog
from rpterm.tui.screens.form import Form
from rpterm.tui.screens.help import HelpScreen
from rpterm.tui.screens.tour import PAGES, TourScreen
from rpterm.tui.widgets.panes.chats import ChatsPane
from rpterm.types import AuthorNote, Persona


# Panes -----------------------------------------------------------------------------------------
async def test_the_prompt_pane_shows_the_draft_before_it_is_sent(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("f2")
        await wait_until(pilot, lambda: "STATIC" in screen_text(app))
        assert "of 4,096 tokens" in screen_text(app)
        before = app.chat.state.figures.used
        await type_text(pilot, "What is that bell?")
        await wait_until(pilot, lambda: app.chat.state.figures.used > before)
        assert app.chat.input.has_focus
        app.chat.input.put("/regenerate shorter, please")  # No message, so not in the prompt.
        await wait_until(pilot, lambda: app.chat.state.figures.used == before)
        await pilot.press("f2")
        await wait_until(pilot, lambda: "STATIC" not in screen_text(app))


async def test_a_piece_of_the_prompt_can_be_unfolded(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("f2")
        await wait_until(pilot, lambda: "card.description  She has" in screen_text(app))
        assert "card.attributes  Counts" in screen_text(app)
        assert "kept the light" not in screen_text(app)
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "card.description" in line)
        await pilot.click(offset=(lines[row].index("card.desc") + 2, row))
        await wait_until(pilot, lambda: "kept the light" in screen_text(app))
        title, *unfolded = screen_text(app).splitlines()[row : row + 4]
        at = title.index("card.desc")
        assert all(line[at - 2 : at] == "  " and line[at] != " " for line in unfolded)


async def test_the_card_pane_shows_every_field(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 60)) as pilot:
        await pilot.press("f3")
        await wait_until(pilot, lambda: "ATTRIBUTES" in screen_text(app))
        picture = screen_text(app)
        for part in (
            "Counts ships",
            "Her brother Tam",
            "Short sentences",
            "1911",
            "bell",
            "EXAMPLES",
        ):
            assert part in picture, part


async def test_a_wide_terminal_shows_two_panes_and_a_narrow_one_one(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (200, 50)) as pilot:
        await pilot.press("f2", "f3")
        await wait_until(pilot, lambda: app.chat.panes.shown == ["prompt", "card"])
        assert not app.chat.panes.covers
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: app.chat.panes.shown == ["card"])
        await wait_until(pilot, lambda: not app.chat.query_one("#main").display)
        assert "ATTRIBUTES" in screen_text(app) or "DESCRIPTION" in screen_text(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.chat.query_one("#main").display)
        assert app.chat.input.has_focus


async def test_panes_use_the_width_that_the_chat_leaves(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (200, 50)) as pilot:

        def widths() -> list[int]:
            return [pane.outer_size.width for pane in app.chat.panes.children]

        await pilot.press("f2")
        await wait_until(pilot, lambda: widths() == [72])
        await pilot.press("f3")
        await wait_until(pilot, lambda: widths() == [52, 52])
        await pilot.resize_terminal(120, 40)
        await wait_until(pilot, lambda: widths() == [46])
        await pilot.resize_terminal(80, 24)
        await wait_until(pilot, lambda: widths() == [80])


async def test_a_pane_may_be_closed_while_it_opens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def close_meanwhile(chat: ChatScreen) -> None:
        chat.panes.close_last()
        await chat.panes.children[0].remove()

    app = stage.app()
    async with running(app) as pilot:
        monkeypatch.setattr(examples, "fill", close_meanwhile)
        await panes.toggle(app.chat, name="examples")
        await asyncio.gather(*(panes.toggle(app.chat, name="memory") for _ in range(2)))
        await pilot.press("escape")
        assert app.chat.panes.shown == []


async def test_a_pane_that_is_being_removed_is_not_drawn(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f4")
        await wait_until(pilot, lambda: isinstance(app.chat.panes.pane("chats"), ChatsPane))
        pane = app.chat.panes.pane("chats")
        assert isinstance(pane, ChatsPane) and pane.size.width
        await pane.remove_children()
        app.chat.panes.close_last()
        pane.draw()


async def test_a_new_chat_is_refused_while_this_one_is_untouched(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "this chat is new" in notices(app))
        assert len(stage.opened) == 1


async def test_the_chats_pane_opens_the_chosen_chat(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "first chat")
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: len(stage.opened) == 2 and phase(app) == "ready")
        assert len(texts(app)) == 1
        await pilot.press("f4")
        await wait_until(pilot, lambda: f"{CARD.name} · 3 turns · just now" in screen_text(app))
        assert "first chat" in screen_text(app)  # It has no title but what was said first.
        lines = screen_text(app).splitlines()
        row = next(y for y, line in enumerate(lines) if "3 turns" in line)
        await pilot.click(offset=(lines[row].index("turns"), row))
        await wait_until(pilot, lambda: "first chat" in texts(app))


# Chats -----------------------------------------------------------------------------------------
async def test_chats_are_found_by_the_text_of_their_turns(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Tell me of the cormorant")
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: len(stage.opened) == 2 and phase(app) == "ready")
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await type_text(pilot, "cormorant")
        await wait_until(pilot, lambda: "Tell me of the cormorant" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Tell me of the cormorant" in texts(app))
        await wait_until(pilot, lambda: app.chat.transcript.selected is not None)
        assert app.chat.transcript.selected.text == "Tell me of the cormorant"
        await wait_until(pilot, lambda: "Alt+←" in notices(app))
        await pilot.press("alt+left")
        await wait_until(pilot, lambda: "Tell me of the cormorant" not in texts(app))


async def test_a_search_hit_on_another_branch_shows_that_branch(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Tell me of the cormorant")
        session, chat = app.chat.session, app.chat
        assert session is not None
        asked = next(turn for turn in session.path() if turn.role == "user")
        await chat.ask(session.edit, asked.id, "Tell me of the gulls")
        await replies.refresh_transcript(chat)
        await wait_until(pilot, lambda: "Tell me of the gulls" in texts(app))
        judged = len(list(session.rater.judgements.comparisons()))
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await type_text(pilot, "cormorant")
        await wait_until(pilot, lambda: "Tell me of the cormorant" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: chat.transcript.selected is not None)
        assert chat.transcript.selected.text == "Tell me of the cormorant"
        assert "another branch" in notices(app)
        await pilot.press("escape", "alt+left")
        await wait_until(pilot, lambda: "Tell me of the gulls" in texts(app))
        await pilot.press("alt+left")
        await wait_until(pilot, lambda: "nothing to go back to" in notices(app))
        assert len(list(session.rater.judgements.comparisons())) == judged


async def test_a_search_hit_in_this_chat_is_selected(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await say(pilot, app, "Tell me of the cormorant")
        await say(pilot, app, "And of the gulls")
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await type_text(pilot, "cormorant")
        await wait_until(pilot, lambda: "Tell me of the cormorant" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.chat.transcript.selected is not None)
        assert app.chat.transcript.selected.text == "Tell me of the cormorant"
        assert len(stage.opened) == 1


async def test_chats_are_renamed_deleted_and_begun_from_the_list(stage: Stage) -> None:
    app = stage.app()
    async with running(app, (120, 40)) as pilot:
        await pilot.press("ctrl+s")
        await wait_until(
            pilot, lambda: "1 d ago" in screen_text(app) or "just now" in screen_text(app)
        )
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: "Rename this chat" in screen_text(app))
        await type_text(pilot, "The knock")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, ChatsScreen))
        await wait_until(pilot, lambda: "The knock" in screen_text(app))
        await pilot.press("ctrl+d")
        await wait_until(pilot, lambda: "Delete “The knock”" in screen_text(app))
        await pilot.press("y")
        await wait_until(pilot, lambda: len(stage.opened) == 2 and phase(app) == "ready")
        assert [chat.title for chat in stage.session.store.chats()] != ["The knock"]


async def test_the_header_shows_the_chats_title(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("alt+r")
        await wait_until(pilot, lambda: "Rename this chat" in screen_text(app))
        await type_text(pilot, "Storm")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Storm" in screen_text(app).splitlines()[0])
        assert stage.session.chat.title == "Storm"


async def test_a_reopened_chat_shows_the_same_branch(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
    again = Stage(tmp_path)
    app = again.app()
    async with running(app):
        assert texts(app)[1:] == ["Hello", REPLIES[0]]


async def test_greetings_are_chosen_from_a_list(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f7")
        await wait_until(pilot, lambda: "Choose a greeting" in screen_text(app))
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: texts(app)[0].startswith('"Close the door,"'))


async def test_the_authors_note_is_stored_with_its_depth(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f5")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        await type_text(pilot, "Be brief")
        await wait_until(pilot, lambda: app.chat.state.figures.used)
        before = app.chat.state.figures.used
        await pilot.press("tab", "end", "backspace", "2", "ctrl+s")
        await wait_until(pilot, lambda: app.screen is app.chat)
        await wait_until(pilot, lambda: app.chat.state.figures.used > before)
        await wait_until(pilot, lambda: stage.session.chat.note.text == "Be brief")
        assert stage.session.chat.note.depth == 2


async def test_a_note_that_cannot_be_stored_stays_in_its_form(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session, _note: AuthorNote) -> None:
        raise StoreError("The disk is full.")

    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f5")
        await wait_until(pilot, lambda: "Author's note" in screen_text(app))
        await type_text(pilot, "Be brief")
        with monkeypatch.context() as patch:
            patch.setattr(Session, "set_note", fail)
            await pilot.press("ctrl+s")
            await wait_until(pilot, lambda: "The disk is full." in notices(app))
        assert "Be brief" in screen_text(app)
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: stage.session.chat.note.text == "Be brief")


async def test_a_new_persona_is_stored_and_used(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f6")
        await wait_until(pilot, lambda: "Who are you?" in screen_text(app))
        assert "Ansel" in screen_text(app) and "⏎ choose" in screen_text(app)
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: "What the character may know" in screen_text(app))
        await type_text(pilot, "Ida")
        await pilot.press("tab")
        await type_text(pilot, "A surveyor")
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: stage.session.chat.persona == Persona("Ida", "A surveyor"))
        assert "You are Ida" in notices(app)
        await wait_until(pilot, lambda: replies.user_name(app.chat) == "Ida")
        await say(pilot, app, "Hello")
        assert app.chat.transcript.turns[1].speaker == "Ida"


async def test_renaming_a_persona_does_not_add_a_second_one(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        stage.session.store.put_persona(Persona("Ida", "A surveyor"))
        await pilot.press("f6")
        await wait_until(pilot, lambda: "Ida" in screen_text(app))
        await pilot.press("up", "ctrl+r")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("end", *["backspace"] * 3, *"Ansel", "ctrl+s")
        await wait_until(pilot, lambda: "Ansel is in use already" in notices(app))
        await pilot.press(*"e", "ctrl+s")
        await wait_until(pilot, lambda: "You are still Ansel" in notices(app))
        assert stage.session.store.personas() == [Persona("Ansele", "A surveyor")]
        assert stage.session.chat.persona.name == "Ansel"


async def test_without_a_card_the_character_list_opens_first(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    (tmp_path / "characters").mkdir()
    (tmp_path / "characters" / "mara.toml").write_text(
        'name = "Mara Venn"\ntagline = "Keeper of a light"\ngreetings = ["Hm."]\n'
    )
    app = stage.app(None)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: "Who do you want to talk to?" in screen_text(app))
        await wait_until(pilot, lambda: "Keeper of a light" in screen_text(app))
        assert not stage.calls
        await type_text(pilot, "keeper of a")
        await pilot.press("enter")
        await wait_until(pilot, lambda: phase(app) == "ready")
        assert stage.calls[0][0] is not None and stage.calls[0][0].endswith("mara.toml")
        assert "Mara Venn" in screen_text(app)


async def test_the_list_of_characters_begins_at_the_present_one(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPTERM_HOME", str(tmp_path))
    (tmp_path / "characters").mkdir()
    for name in ("Ada", "Zoe"):
        (tmp_path / "characters" / f"{name}.toml").write_text(f'name = "{name}"')
    stage.card_path = str(tmp_path / "characters" / "Zoe.toml")
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("f9")
        await wait_until(pilot, lambda: "● Zoe" in screen_text(app))
        assert app.screen.query_one(OptionList).highlighted_option.id == stage.card_path


# Program ---------------------------------------------------------------------------------------
async def test_help_lists_every_command_and_the_users_own_keys(stage: Stage) -> None:
    stage.settings = Settings(theme="lamplight", keys={"regenerate": "ctrl+y"})
    app = stage.app()
    async with running(app, (140, 160)) as pilot:
        await pilot.press("question_mark")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await wait_until(pilot, lambda: "Ctrl+Y" in screen_text(app))
        picture = screen_text(app)
        for key in keys.KEYS:
            assert key.description.rstrip(".")[:14] in picture, key.id
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)


async def test_a_question_mark_typed_after_text_does_not_open_the_help(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await type_text(pilot, "who")
        await pilot.press("question_mark")
        assert app.chat.input.text == "who?"


async def test_a_remapped_key_acts_and_the_old_one_does_not(stage: Stage) -> None:
    stage.settings = Settings(theme="lamplight", keys={"regenerate": "ctrl+y"})
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert not app.chat.state.busy and texts(app)[-1] == REPLIES[0]
        await pilot.press("ctrl+y")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])


async def test_the_palette_runs_any_command(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        await type_text(pilot, "Generate another reply")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        await wait_until(pilot, lambda: "Ctrl+R   retry         Generate" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])


async def test_the_palette_opens_again_at_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        first = app.screen
        first.dismiss()
        app.run_command("palette")
        await wait_until(pilot, lambda: app.screen not in (first, app.chat))


async def test_enter_twice_in_the_palette_runs_a_command_once(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        await type_text(pilot, "retry")
        await wait_until(pilot, lambda: "Ctrl+R   retry         Generate" in screen_text(app))
        for _ in range(3):
            app.simulate_key("enter")
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1] and not app.chat.state.busy)
        assert app.screen is app.chat and app.chat.transcript.turns[-1].swipes == 2


@pytest.mark.parametrize("columns", [60, 80, 140])
async def test_every_command_of_the_palette_has_one_row(stage: Stage, columns: int) -> None:
    app = stage.app()
    async with running(app, (columns, 24)) as pilot:
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: isinstance(app.screen, palette.Palette))
        await type_text(pilot, "generate")
        await wait_until(pilot, lambda: "best of N" in screen_text(app))
        listed = app.screen.query_one("#list", OptionList)
        await wait_until(pilot, lambda: listed.option_count > 3)
        assert listed.virtual_size.height == listed.option_count


def test_the_palette_offers_every_command_except_movements(stage: Stage) -> None:
    app = stage.app()
    offered = list(palette.offered(app.chat, app.chat))
    assert offered == [key for key in keys.KEYS if key.palette]
    assert len({palette.title(key) for key in offered}) == len(offered)


@pytest.mark.parametrize("leave", ["escape", "click"])
async def test_a_form_discards_what_was_written_only_when_asked_twice(
    stage: Stage, leave: str
) -> None:
    app = stage.app()

    async def leaves() -> None:
        await (pilot.press("escape") if leave == "escape" else pilot.click(offset=(0, 0)))

    async with running(app) as pilot:
        for written in ("", "Fog"):
            await pilot.press("f5")
            await wait_until(pilot, lambda: isinstance(app.screen, Form) and app.focused)
            await type_text(pilot, written)
            await leaves()
            if written:
                await wait_until(pilot, lambda: "^S saves it" in notices(app))
                assert isinstance(app.screen, Form) and "Fog" in screen_text(app)
                await leaves()
            await wait_until(pilot, lambda: app.screen is app.chat)


def best(query: str, many: int = 1) -> list[str]:
    found = [(palette.rank(query, key), key.id) for key in keys.KEYS if key.palette]
    return [name for rank, name in sorted(found, key=lambda each: -each[0]) if rank][:many]


def test_the_palette_ranks_names_above_descriptions() -> None:
    for key in keys.KEYS:
        if key.palette:
            assert best(key.id) == [key.id]
    assert best("bran", 2) == ["branch-here", "branches"]
    assert best("retry") == ["regenerate"]  # Its label.
    assert best("temperature") == ["settings"]  # Only in its description.


def test_the_palette_knows_what_other_programs_call_a_command() -> None:
    assert keys.ALIASES.keys() <= keys.BY_ID.keys()
    for name, aliases in keys.ALIASES.items():
        assert [best(alias) for alias in aliases] == [[name]] * len(aliases)
    assert best("lore") == ["world"]
    assert best("reply generate", 1) == ["regenerate"]
    assert best("zeppelin") == []


async def test_the_palette_lists_the_most_used_commands_first(stage: Stage) -> None:
    app = stage.app()

    def first() -> str:
        listed = app.screen.list if isinstance(app.screen, palette.Palette) else None
        return str(listed.get_option_at_index(0).prompt) if listed and listed.option_count else ""

    async with running(app, (100, 40)) as pilot:
        await pilot.press("ctrl+p")
        # "stop" comes first in the registry, but there is no reply to stop.
        await wait_until(pilot, lambda: "Open your own editor" in first())
        await wait_until(pilot, lambda: "retry         Generate another reply" in screen_text(app))
        await type_text(pilot, "rename")
        await wait_until(pilot, lambda: "Rename this chat" in first())
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, Form))
        await pilot.press("escape", "ctrl+p")
        await wait_until(pilot, lambda: "Rename this chat" in first())


async def test_a_theme_is_previewed_while_choosing_and_saved(stage: Stage) -> None:
    kept: list[tuple[str, str]] = []
    app = stage.app(on_setting=lambda name, value: kept.append((name, value)))
    async with running(app) as pilot:
        await pilot.press("f10")
        await wait_until(pilot, lambda: isinstance(app.screen, Chooser))
        await type_text(pilot, "paper")
        await wait_until(pilot, lambda: app.theme == "paper")
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.theme == "lamplight")
        await pilot.press("f10")
        await wait_until(pilot, lambda: isinstance(app.screen, Chooser))
        app.screen.query_one(Input).value = "paper"
        await wait_until(pilot, lambda: app.theme == "paper")
        await pilot.press("enter")
        await wait_until(pilot, lambda: kept == [("theme", "paper")])


async def test_the_first_run_begins_with_the_tour_which_can_be_skipped(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        for page in PAGES:
            await wait_until(pilot, lambda page=page: page.title in screen_text(app))
            assert "{" not in screen_text(app)
            await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is app.chat)
        await pilot.press("alt+i")
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)


async def test_typing_a_letter_closes_the_tour_and_goes_to_the_input(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("H")
        await wait_until(pilot, lambda: app.screen is app.chat)
        await wait_until(pilot, lambda: app.chat.input.text == "H")


async def test_typing_over_the_tour_loses_no_letter(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        for letter in "Hi me":
            app.post_message(Key("space" if letter == " " else letter, letter))
        await wait_until(pilot, lambda: app.chat.input.text == "Hi me")
        assert app.screen is app.chat


async def test_a_line_typed_over_the_tour_is_sent_by_its_enter(stage: Stage) -> None:
    app = stage.app(first_run=True)
    names = {" ": "space", "?": "question_mark"}
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        for letter in "Who is it?":
            app.post_message(Key(names.get(letter, letter), letter))
        app.post_message(Key("enter", "\r"))
        await wait_until(pilot, lambda: "Who is it?" in texts(app) and texts(app)[-1] in REPLIES)


async def test_enter_over_the_tour_sends_before_the_input_knows_its_focus(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        app.chat.input.has_focus = False
        for typed in "Hi\n":
            app._insert_typed(typed)
        await wait_until(pilot, lambda: "Hi" in texts(app))


async def test_a_paste_over_the_tour_goes_to_the_input(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        app.post_message(Paste("Two\nlines"))
        await wait_until(pilot, lambda: app.chat.input.text == "Two\nlines")
        await wait_until(pilot, lambda: app.screen is app.chat)


async def test_a_question_mark_alone_opens_the_help_over_the_tour(stage: Stage) -> None:
    app = stage.app(first_run=True)
    async with running(app, ready=False) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))
        await pilot.press("question_mark")
        await wait_until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, TourScreen))


@pytest.mark.parametrize("command", ["help", "chats", "tour"])
async def test_two_quick_escapes_close_only_one_dialog(stage: Stage, command: str) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.run_command(command)
        await wait_until(pilot, lambda: isinstance(app.screen, Dialog))
        box = app.screen
        assert isinstance(box, Dialog)
        box.action_leave()
        box.action_leave()
        await wait_until(pilot, lambda: app.screen is app.chat)
        await say(pilot, app, "Still here")


async def test_a_dialog_may_be_left_before_it_is_complete(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        screen = Chooser("Anything", [Choice("a", "A")])
        app.push_screen(screen)
        screen.dismiss()
        screen.dismiss()
        await wait_until(pilot, lambda: app.screen is app.chat)
        assert screen.is_mounted


async def test_a_key_that_comes_back_while_a_dialog_opens_waits_for_the_dialog(
    stage: Stage,
) -> None:
    app = stage.app()
    async with running(app) as pilot:
        screen = Chooser("Anything", [Choice("a", "A"), Choice("b", "B")])
        app.push_screen(screen)
        key = Key("down", None)
        key._set_forwarded()
        await app.on_event(key)
        assert app._early
        await wait_until(pilot, lambda: screen.is_mounted and not app._early)


async def test_a_key_that_comes_back_while_the_program_quits_is_dropped(stage: Stage) -> None:
    app = stage.app()
    async with running(app):
        key = Key("down", None)
        key._set_forwarded()
        stack, app._screen_stacks["_default"] = app._screen_stacks["_default"], []
        await app.on_event(key)
        app._screen_stacks["_default"] = stack


@pytest.mark.parametrize("command", ["note", "chats", "settings"])
async def test_a_command_given_twice_opens_one_dialog(stage: Stage, command: str) -> None:
    app = stage.app()
    async with running(app) as pilot:
        app.chat.command(command)
        app.chat.command(command)
        await wait_until(pilot, lambda: len(app.screen_stack) > 1)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is app.chat)


async def test_a_hint_can_be_clicked(stage: Stage) -> None:
    app = stage.app()
    async with running(app) as pilot:
        await say(pilot, app, "Hello")
        line = screen_text(app).splitlines()[-1]
        await pilot.click(offset=(line.index("retry"), 29))
        await wait_until(pilot, lambda: texts(app)[-1] == REPLIES[1])


@pytest.mark.parametrize("width", [24, 44, 90])
def test_a_long_title_leaves_room_for_whose_chat_it_is(width: int) -> None:
    choice = Choice("1", "The night on which nobody came " * 3, suffix="Mara Venn")
    heading = choice.heading(width)
    assert heading.cell_length <= width
    assert heading.plain.endswith("…  ·  Mara Venn" if width > 30 else "…")
    assert "·" in heading.plain
    assert "mara" in choice.searched


async def test_a_message_that_waits_for_a_new_chat_has_the_cards_name_for_the_user(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, card=replace(CARD, user_name="Ansel"), gate=threading.Event())
    app = stage.app(stage.card)
    async with running(app, ready=False) as pilot:
        await type_text(pilot, "Hello")
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Ansel  ◦ waiting" in screen_text(app))
