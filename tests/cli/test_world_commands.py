"""Worlds from the command line and in a chat: brought, joined, saved while one talks, kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cli_tools import Cli

from rpterm import paths as folders
from rpterm.cards.format.reader import load, parse
from rpterm.chat.card_reload import Reloaded, Reloader
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.config import Settings
from rpterm.engine.scripted import ScriptedEngine
from rpterm.examples.editor import CHAT, CardEditor
from rpterm.startup.launch import ChatRequest, Launch
from rpterm.store import Store

LOOM = '[lorebook]\n\n[[lore]]\nkeys = ["mill"]\ncontent = "The mill burns."\n'
ADA = 'name = "Ada"\ngreetings = ["Good evening."]\n'
CARD = {
    "spec": "chara_card_v2", "spec_version": "2.0",
    "data": {"name": "Mara", "description": "Keeps a light.", "first_mes": "Hm.",
             "extensions": {"world": "The Loom"}},
}  # fmt: skip
WORLD = {"entries": {"0": {"uid": 0, "key": ["mill"], "content": "The mill burns."}}}


@pytest.fixture
def ada(home: Path) -> Path:
    """A card of the user's own, and a world that it does not name yet."""
    worlds = home / "characters" / "worlds"
    worlds.mkdir(parents=True)
    (worlds / "loom.toml").write_text(LOOM, encoding="utf-8")
    card = home / "characters" / "ada.toml"
    card.write_text(ADA, encoding="utf-8")
    return card


def loom(card: Path) -> Path:
    return card.parent / "worlds" / "loom.toml"


def test_importing_a_folder_links_cards_to_their_worlds(
    cli: Cli, tmp_path: Path, home: Path
) -> None:
    old = tmp_path / "old"
    for name, document in (("characters/mara", CARD), ("worlds/The Loom", WORLD)):
        path = old / f"{name}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document), encoding="utf-8")
    alone = cli("import", str(old / "characters"))
    assert "It uses the world The Loom, which was not found" in alone.out
    assert load(home / "characters" / "mara.toml").worlds == ()
    done = cli("import", str(old))
    assert "worlds/the-loom.toml" in done.out and "rpterm cards join CARD the-loom" in done.out
    assert "It now uses the world the-loom." in done.out
    card = home / "characters" / "mara.toml"
    assert load(card).worlds == ("the-loom",)
    # Who takes it out has it out: what was brought before is left as it is.
    assert cli("cards", "join", "mara", "The Loom", "--leave").code == 0
    cli("import", str(old))
    assert load(card).worlds == ()


def test_join_adds_and_removes_a_world(cli: Cli, ada: Path) -> None:
    assert cli("cards", "join", "ada", "lom").err.count("There are: loom.") == 1
    done = cli("cards", "join", "ada", "Loom")
    assert (done.code, done.out.strip()) == (0, str(ada))
    assert "already has the world loom" in cli("cards", "join", "ada", "loom").err
    listed = json.loads(cli("cards", "worlds", "--json").out)
    assert [(row["key"], row["entries"], row["cards"]) for row in listed] == [("loom", 1, ["ada"])]
    assert cli("cards", "show", "ada").out == ada.read_text("utf-8")
    assert "[mill · loom] The mill burns." in cli("cards", "show", "ada", "--view").out
    assert cli("cards", "join", "ada", "loom", "--leave").code == 0
    assert ada.read_text("utf-8") == ADA


def test_join_copies_a_shipped_card_first(cli: Cli, ada: Path) -> None:
    done = cli("cards", "join", "sherlock", "loom")
    own = ada.with_name("sherlock.toml")
    assert done.out.strip() == str(own) and load(own).worlds == ("loom",)


def test_a_world_outside_the_folders_is_named_by_its_path(
    cli: Cli, ada: Path, tmp_path: Path
) -> None:
    far = tmp_path / "far" / "coast.toml"
    far.parent.mkdir()
    far.write_text(LOOM, encoding="utf-8")
    assert cli("cards", "join", "ada", str(far)).code == 0
    assert "1 card, " in cli("cards", "lint", "ada", "--rough").out
    near = far.with_name("bo.toml")
    near.write_text(ADA, encoding="utf-8")
    assert cli("cards", "join", str(near), str(far)).code == 0
    assert load(near).worlds == ("coast",)


def test_a_world_can_be_linted_and_exported_by_its_name(
    cli: Cli, ada: Path, tmp_path: Path
) -> None:
    loom(ada).write_text(LOOM + "\n[[lore]]\ncontent = 'x'\n", encoding="utf-8")
    assert "loom.toml:7: lore #2: It can never fire" in cli("cards", "lint", "loom", "--rough").out
    cli("cards", "join", "ada", "loom")
    assert "loom.toml:7: lore #2: It can never fire" in cli("cards", "lint", "ada", "--rough").out
    out = tmp_path / "world.json"
    assert cli("cards", "export", "loom", str(out), "-f", "world").code == 0
    assert len(json.loads(out.read_text("utf-8"))["entries"]) == 2
    loom(ada).write_text("[lorebook]\nbudgit = 1\n", encoding="utf-8")
    broken = cli("cards", "lint", "ada", "--rough")
    assert broken.code == 1 and "loom.toml:2: lorebook budgit" in broken.out


def test_diff_with_git_uses_the_worlds_of_that_revision(cli: Cli, ada: Path) -> None:
    cli("cards", "join", "ada", "loom")
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "1")):
        subprocess.run([*git, *arguments], cwd=ada.parent, check=True, capture_output=True)
    loom(ada).write_text(LOOM.replace("burns", "stands"), encoding="utf-8")
    (change,) = json.loads(cli("cards", "diff", "ada", "--json", "--rough").out)
    assert (change["old"], change["new"]) == ("The mill burns.", "The mill stands.")


def test_every_reply_is_stored_with_its_worlds_version(cli: Cli, ada: Path) -> None:
    cli("cards", "join", "ada", "loom")
    engine = ScriptedEngine(["One.", "Two."])
    session = opened(engine, target="ada")
    reloader = Reloader(session)
    list(session.reply(ReplyRequest(text="To the mill!")))
    assert reloader.poll() is None
    first = session.chat.card_hash
    loom(ada).write_text(LOOM.replace("burns", "is gone"), encoding="utf-8")
    report = reloader.poll()
    assert isinstance(report, Reloaded) and report.summary.startswith("lore mill (loom) content")
    list(session.reply(ReplyRequest(text="The mill?")))
    prompts = [request.prompt_text for request in engine.requests]
    assert "The mill burns." in prompts[0] and "The mill is gone." in prompts[1]
    kept = [
        parse(session.store.get_card(digest) or "") for digest in (first, session.chat.card_hash)
    ]
    assert [card.lorebook.entries[0].content for card in kept] == [
        "The mill burns.", "The mill is gone.",
    ]  # fmt: skip
    # Without any file the chat goes on with what it kept.
    number = session.chat_id
    session.close()
    loom(ada).unlink()
    ada.unlink()
    session = opened(engine, chat_id=number)
    assert session.card.lorebook.entries[0].content == "The mill is gone."
    session.close()
    engine.close()


def test_a_chat_opens_although_a_world_is_missing(cli: Cli, ada: Path, tmp_path: Path) -> None:
    cli("cards", "join", "ada", "loom")
    loom(ada).rename(ada.with_name("away"))
    engine = ScriptedEngine(["One."])
    session = opened(engine, target="ada")
    session.load()
    reloader = Reloader(session)
    told = reloader.poll()
    assert isinstance(told, Reloaded) and not told.summary
    missing = f"{ada}:3: worlds #1: There is no world 'loom'."
    assert missing in told.lost and told.lost.endswith("is left out.")
    assert reloader.poll() is None
    (gone,) = session.preview("The mill?").left_out
    assert gone.source == "world:loom" and missing in gone.text
    assert gone.why == "There is no world 'loom'."
    loom(ada).write_text(LOOM, encoding="utf-8")
    came = reloader.poll()
    assert isinstance(came, Reloaded) and came.summary.startswith("lore mill (loom): added")
    prompt = session.preview("The mill?")
    assert "lore:mill (loom)" in [span.source for span in prompt.spans] and not prompt.left_out
    # Broken while it is used, it stays as it was.
    loom(ada).write_text("[lorebok]\n", encoding="utf-8")
    broken = reloader.poll()
    assert isinstance(broken, Reloaded) and "loom.toml:1" in broken.lost
    prompt = session.preview("The mill?")
    assert "lore:mill (loom)" in [span.source for span in prompt.spans] and not prompt.left_out
    session.close()
    engine.close()
    # And everything else that reads the card says so, too.
    lint = cli("cards", "lint", "ada", "--rough")
    assert lint.code == 1 and "loom.toml:1: lorebok" in lint.out and "1 card, " in lint.out
    loom(ada).unlink()
    assert missing in cli("cards", "show", "ada", "--view", "--rough").err
    assert missing in cli("chat", "ada", "--plain", stdin="/prompt Hm?\n").err
    out = cli("cards", "export", "ada", str(tmp_path / "ada.json"))
    assert out.code == 0 and missing in out.out + out.err


def test_the_slash_command_adds_and_removes_a_world_of_a_card(cli: Cli, ada: Path) -> None:
    engine = ScriptedEngine(["One."])
    session = opened(engine, target="ada")
    reloader, editor = Reloader(session), CardEditor(session, ada.parent)
    assert reloader.poll() is None
    assert editor.toggle_world("Loom") == "The world Loom was added in ada.toml."
    assert [entry.world for entry in session.card.lorebook.entries] == ["loom"]
    assert reloader.poll() is None, "it was written by the program itself"
    session.load()
    assert "lore:mill (loom)" in [span.source for span in session.preview("The mill?").spans]
    assert editor.toggle_world("loom") == "The world loom was removed in ada.toml."
    assert session.card.lorebook.entries == () and ada.read_text("utf-8") == ADA
    session.close()
    engine.close()


def opened(engine: ScriptedEngine, **asked: object) -> Session:
    asks = ChatRequest(**asked)  # type: ignore[arg-type]
    run = Launch(Settings(engine="scripted"), folders.find(), asks)
    run._engine = engine
    return run.open()


def fires(session: Session, speaker: str = "") -> bool:
    session.load()
    spans = session.preview(f"{speaker} The mill?").spans
    return "lore:mill (loom)" in [span.source for span in spans]


def test_a_world_can_belong_to_one_chat_only(cli: Cli, ada: Path) -> None:
    bo = ada.with_name("bo.toml")
    bo.write_text('name = "Bo"\n', encoding="utf-8")
    engine = ScriptedEngine(["One."])
    session = opened(engine, target="ada", company=("bo",))
    reloader, editor = Reloader(session), CardEditor(session, ada.parent)
    assert reloader.poll() is None
    told = editor.toggle_world("Loom", CHAT)
    assert told == "The world Loom was added to this chat alone."
    assert session.chat.worlds == ("loom",) and reloader.poll() is None
    assert fires(session, "Ada!") and fires(session, "Bo!")
    assert ada.read_text("utf-8") == ADA and bo.read_text("utf-8") == 'name = "Bo"\n'
    # A change of the world counts here, too, and so does one who joins.
    loom(ada).write_text(LOOM.replace("burns", "stands"), encoding="utf-8")
    assert isinstance(reloader.poll(), Reloaded)
    session.scene.remove("Bo")
    session.scene.add("bo")
    assert fires(session, "Bo!")
    # Another chat has nothing of it; this one has it again when it is opened again.
    number = session.chat_id
    session.close()
    other = opened(engine, target="ada", new=True)
    assert not fires(other) and other.chat.worlds == ()
    other.close()
    again = opened(engine, chat_id=number)
    assert fires(again, "Ada!") and fires(again, "Bo!")
    assert "The mill stands." in (again.store.get_card(again.chat.card_hash) or "")
    editor = CardEditor(again, ada.parent)
    assert editor.toggle_world("loom", CHAT).startswith("The world loom was removed from this chat")
    assert not fires(again, "Ada!") and not fires(again, "Bo!")
    again.close()
    engine.close()


def test_a_chats_missing_world_is_reported_even_without_a_card_file(cli: Cli, ada: Path) -> None:
    engine = ScriptedEngine(["One."])
    session = opened(engine, target="ada")
    CardEditor(session, ada.parent).toggle_world("loom", CHAT)
    number = session.chat_id
    session.close()
    loom(ada).rename(ada.with_name("away"))
    session = opened(engine, chat_id=number)
    told = Reloader(session).poll()
    assert isinstance(told, Reloaded)
    assert told.lost.startswith("this chat: worlds: There is no world 'loom'.")
    assert not fires(session)
    session.close()
    ada.with_name("away").rename(loom(ada))
    ada.rename(ada.with_name("gone"))
    session = opened(engine, chat_id=number)
    assert fires(session)
    CardEditor(session, ada.parent).toggle_world("loom", CHAT)
    assert not fires(session)
    CardEditor(session, ada.parent).toggle_world("loom", CHAT)
    assert fires(session)
    session.close()
    engine.close()


def test_a_chats_world_added_in_another_terminal_is_used(cli: Cli, ada: Path) -> None:
    engine = ScriptedEngine(["One."])
    ours, theirs = opened(engine, target="ada"), opened(engine, target="ada")
    assert ours.chat_id == theirs.chat_id
    reloader = Reloader(ours)
    assert reloader.poll() is None
    CardEditor(theirs, ada.parent).toggle_world("loom", CHAT)
    report = reloader.poll()
    assert isinstance(report, Reloaded) and report.summary.startswith("lore mill (loom): added")
    assert fires(ours)
    theirs.close()
    ours.close()
    engine.close()


def test_a_chats_world_is_part_of_its_log(cli: Cli, ada: Path, tmp_path: Path) -> None:
    asked = "/world chat: loom\n/world\n/export-chat jsonl {0}.jsonl\n/export-chat log {0}.log\n"
    done = cli("chat", "ada", "--plain", stdin=asked.format(tmp_path / "talk"))
    assert "The world loom was added to this chat alone." in done.err
    assert "This chat alone has loom." in done.err
    for form in ("jsonl", "log"):
        file = (tmp_path / f"talk.{form}").rename(tmp_path / f"{form}.jsonl")
        cli("import", str(file))
    found = [json.loads(cli("chats", "export", n, "-f", "jsonl").out.splitlines()[0])["worlds"]
             for n in ("1", "2", "3")]  # fmt: skip
    assert found == [["loom"]] * 3


def test_a_new_world_is_a_template(cli: Cli, home: Path) -> None:
    listed = cli("cards", "worlds")
    assert f"a file NAME.toml in {home / 'characters' / 'worlds'}" in listed.err
    assert "rpterm cards new NAME --world" in listed.err
    done = cli("cards", "new", "The Loom", "--world")
    file = home / "characters" / "worlds" / "the-loom.toml"
    assert str(file) in done.out and "rpterm cards join CARD the-loom" in done.out
    assert "1 world, 0 problems." in cli("cards", "lint", "the-loom", "--rough").out
    assert "already exists" in cli("cards", "new", "The Loom", "--world").err
    assert cli("cards", "new", "Coast", "--world", "--tagline", "x").code == 1


def test_plain_mode_lists_and_changes_worlds(cli: Cli, ada: Path, home: Path) -> None:
    done = cli(
        "chat", "ada", "--plain", stdin="/world\n/world loom\n/prompt The mill?\n/world lom\n"
    )
    assert "Ada knows no world. Available: loom." in done.err
    assert "The world loom was added in ada.toml." in done.err
    assert "lore:mill (loom)" in done.err and "There is no world 'lom'" in done.err
    with Store(home / "rpterm.db") as store:
        assert 'world = "loom"' in (store.get_card(store.chat(1).card_hash) or "")
