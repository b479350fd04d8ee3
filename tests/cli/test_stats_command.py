"""``rpterm stats`` in a terminal, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

from cli_tools import Cli

from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.judgement_records import Circumstances
from rpterm.store.judgements import Judgements
from rpterm.types import Cast, Member, Origin


def test_stats_shows_the_ratings_and_saves_a_picture(cli: Cli, home: Path, tmp_path: Path) -> None:
    from rpterm.paths import find

    with Store(find().database) as store:
        for number in range(12):
            chat = store.create_chat(card_name=f"Watson [{number % 2}]", card_hash="h")
            user = store.add_turn(chat.id, None, "user", "U", "Hello.", origin=Origin.TYPED)
            one = store.add_turn(
                chat.id, user.id, "assistant", "W", "Good day.", origin=Origin.GENERATED
            ).id
            good = number % 3 > 0
            how = Circumstances(score=0.8 if good else 0.3)
            Judgements(store).stars(one, 5 if good else 1, how=how)
    done = cli("stats", "--svg", str(tmp_path / "stats.svg"))
    assert done.code == 0 and "12 judgements in 12 chats, 0 of them exportable" in done.out
    assert "12 already had it when you rated them" in " ".join(done.out.split())
    assert "Watson [0]" in done.out and "━" in done.out and "1.00 (1.00 to 1.00)" in done.out
    assert done.out.endswith("stats.svg\n")
    both = cli("stats", "--json", "--svg", str(tmp_path / "both.svg"))
    assert json.loads(both.out)["chats"] == 12 and (tmp_path / "both.svg").exists()
    assert (tmp_path / "stats.svg").read_text(encoding="utf-8").lstrip().startswith("<svg")
    told = json.loads(cli("stats", "--json").out)
    assert told["live_score"]["auc"]["value"] == 1.0
    assert told["characters"]["Watson [1]"]["liked"]["total"] == 6
    assert "nan" not in cli("stats", "--json", "--card", "Watson [0]").out.lower()


def test_stats_of_kept_swipes_alone_has_no_empty_table(cli: Cli, home: Path) -> None:
    from rpterm.paths import find

    with Store(find().database) as store:
        chat = store.create_chat(card_name="Watson", card_hash="h")
        one, other = (
            store.add_turn(chat.id, None, "assistant", "W", text, origin=Origin.GENERATED).id
            for text in ("Good day.", "Good night.")
        )
        Judgements(store).kept_swipe(one, [other])
    done = cli("stats")
    assert done.code == 0 and "swipe: kept" in done.out and "stars" not in done.out


def test_stats_without_ratings_says_so(cli: Cli, home: Path) -> None:
    from rpterm.paths import find

    with Store(find().database):
        pass
    done = cli("stats")
    assert done.code == 1 and "Nothing has been rated yet" in done.err


def test_stats_takes_a_card_file_and_reports_unknown_names(
    cli: Cli, home: Path, tmp_path: Path
) -> None:
    from rpterm.paths import find

    with Store(find().database) as store:
        chat = store.create_chat(card_name="Sherlock Holmes", card_hash="h")
        user = store.add_turn(chat.id, None, "user", "U", "Hello.", origin=Origin.TYPED)
        one = store.add_turn(
            chat.id, user.id, "assistant", "W", "Good day.", origin=Origin.GENERATED
        ).id
        Judgements(store).thumb(one, True)
        Judgements(store).consent(chat.id, True)
    assert "1 judgement in 1 chat," in cli("stats", "--card", "sherlock").out
    out = str(tmp_path / "out")
    assert cli("export", out, "-f", "kto", "--card", "sherlock").code == 0
    for wanted in ("tola", "nobody"):
        told = f"Nothing was rated in a chat with '{wanted}': `--card` can be Sherlock Holmes."
        assert told in cli("stats", "--card", wanted).err
        assert told in cli("export", out, "--card", wanted).err
    assert "No reply of a model 'other' was rated" in cli("stats", "--model", "other").err


def test_stats_of_one_character_of_a_group_chat(cli: Cli, home: Path) -> None:
    from rpterm.paths import find

    with Store(find().database) as store:
        chat = store.create_chat(card_name="Holmes", card_hash="h").id
        members = tuple(Member(name, name) for name in ("Holmes", "Irene", "Moran"))
        Casts(store).put(chat, Cast(members))
        for name in ("Holmes", "Irene", "Moran"):
            turn = store.add_turn(chat, None, "assistant", name, "Ah.", origin=Origin.GENERATED)
            if name != "Moran":
                Judgements(store).thumb(turn.id, name == "Irene")
    told = json.loads(cli("stats", "--card", "Irene", "--json").out)
    assert told["characters"].keys() == {"Irene"} and told["characters"]["Irene"]["good"] == 1
    assert "No reply of Moran has been rated yet" in cli("stats", "--card", "Moran").err
