"""``chats import --ratings`` from the command line."""

from __future__ import annotations

from pathlib import Path

from cli_tools import Cli

from rpterm.store import Store
from rpterm.store.judgements import Judgements

LOG = (
    '{"user_name": "Ann", "character_name": "Mara"}\n'
    '{"name": "Ann", "is_user": true, "mes": "Hello"}\n'
    '{"name": "Mara", "is_user": false, "mes": "Hm.", "swipes": ["You.", "Hm."], "swipe_id": 1,'
    ' "extra": {"thumb": "up"}}\n'
    '{"name": "Ann", "is_user": true, "mes": "So?"}\n'
)


def test_ratings_are_imported_only_with_the_option(cli: Cli, home: Path, tmp_path: Path) -> None:
    from rpterm.paths import find

    log = tmp_path / "talk.jsonl"
    log.write_text(LOG, encoding="utf-8")
    assert "kept over" not in cli("chats", "import", str(log)).out
    done = cli("chats", "import", str(log), "--ratings")
    assert done.code == 0 and "1 rating and 1 choice between swipes" in done.out
    assert "kept over" not in cli("chats", "import", str(log), "--ratings").out
    with Store(find().database) as store:
        judge = Judgements(store)
        assert len(list(judge.ratings())) == len(list(judge.comparisons())) == 1
