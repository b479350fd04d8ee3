"""What a card says becomes single facts, whatever notation or script its author used."""

from __future__ import annotations

import pytest

from rpterm.cards.card import CharacterCard
from rpterm.scoring.scene import scene_of


@pytest.mark.parametrize(
    ("description", "facts"),
    [
        (
            '[character("Ann") { age("27") likes("rain" + "old maps") }]\nShe mends clocks.',
            ["character: Ann", "age: 27", "likes: rain, old maps", "She mends clocks."],
        ),
        ("[Ann: shy; likes: rain] She sings.", ["Ann: shy", "likes: rain", "She sings."]),
        ("林晓在花店工作。她最怕打雷。", ["林晓在花店工作。", "她最怕打雷。"]),
        ("Age(27)\nLikes(Rain + Maps)\nAnn sings.", ["Age: 27", "Likes: Rain, Maps", "Ann sings."]),
        ("## Ann\n- **Age:** 27\n* fond of *old* maps", ["Age: 27", "fond of *old* maps"]),
        ("Ann (they say) is shy. No.", ["Ann (they say) is shy."]),
    ],
)  # fmt: skip
def test_each_claim_of_a_description_is_a_fact(description: str, facts: list[str]) -> None:
    scene = scene_of(CharacterCard("Ann", description=description))
    assert [fact.text for fact in scene.facts] == facts


def test_an_attribute_in_one_long_list_is_split_too() -> None:
    card = CharacterCard("Ann", attributes=('age("27") home("a boat")', "Likes rain (a lot)."))
    sources = [(fact.source, fact.text) for fact in scene_of(card).facts]
    assert sources == [
        ("card.attributes:0", "age: 27"),
        ("card.attributes:0", "home: a boat"),
        ("card.attributes:1", "Likes rain (a lot)."),
    ]
