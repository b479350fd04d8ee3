"""Kept swipes: a weak signal, used only on request and if no rating contradicts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from preference_support import Scene, left_out, rows, run

from rpterm.errors import RptermError
from rpterm.preference.record_builder import Selection
from rpterm.preference.records import Source


def test_kept_swipes_are_left_out_unless_requested(scene: Scene, tmp_path: Path) -> None:
    a, b = scene.reply("One."), scene.reply("Two.")
    (swipe,) = scene.judge.kept_swipe(a, [b])
    with pytest.raises(RptermError, match=r"its source is not wanted \(1\)\.") as caught:
        run(scene, tmp_path / "out", wanted=Selection())
    assert str(caught.value).endswith(
        "`--sources duel,edit,stars,thumbs,swipe,flag` includes swipe as well."
    )
    run(scene, tmp_path / "out")
    assert rows(tmp_path / "out")[0]["meta"]["judgements"] == [swipe.id]


@pytest.mark.parametrize("sources", [set(Source), {Source.SWIPE}])
def test_a_contradicting_rating_drops_a_kept_swipe(
    scene: Scene, tmp_path: Path, sources: set[Source]
) -> None:
    liked, bad, other = (scene.reply(text) for text in ("One.", "Two.", "Three."))
    scene.judge.stars(liked, 4)
    scene.judge.thumb(bad, False)
    against, fine = scene.judge.kept_swipe(bad, [liked, other])
    run(scene, tmp_path / "out", wanted=Selection(sources=frozenset(sources)))
    assert [row["meta"]["judgements"] for row in rows(tmp_path / "out")] == [[fine.id]]
    assert left_out(tmp_path / "out")[against.id] == "a rating says the opposite"
