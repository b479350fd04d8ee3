"""Names and years that a reply makes up: found, and not where something mentioned them before."""

from __future__ import annotations

import pytest

from rpterm.cards.card import CharacterCard, Example, Lorebook, LoreEntry
from rpterm.scoring.findings import findings
from rpterm.scoring.scene import Fact, ReplyScene, scene_of
from rpterm.scoring.scorer import Scorer
from rpterm.scoring.signals.inventions import Inventions

SCENE = ReplyScene(
    char="Ines Moreau",
    user="Tom",
    facts=(Fact("card.attributes:0", "Ines has sailed from Brest since 1790."),),
    history=((False, "The Talbots asked for you at the Black Pearl."),),
    own_lines=("Ask old Gaspard about the tides.",),
    given=("Port Royal burned last year.",),
)


@pytest.mark.parametrize(
    ("reply", "made_up"),
    [
        ("My sister Odile drowned off Saint-Malo in 1787.", ["Odile", "Saint-Malo", "1787"]),
        ("Mrs. Hargreave told me, and Margaret Bell agreed.", ["Mrs. Hargreave", "Margaret Bell"]),
        ("I met the Duke of Orange when Odile was born. Odile!", ["Duke of Orange", "Odile"]),
        ('*looks up* "Then Halina left, and I stayed here."', ["Halina"]),
        ("Old Talbot's wife, and Gaspard? I was in Brest in 1790, Tom, at the pearl.", []),
        ("Nothing burned like Port Royal did. Perhaps. That's all I'll say.", []),
        ("Good Lord! On Friday, at Christmas, I never EVER speak French, Sir.", []),
        ("He calls it 'The Long Confession' and hums.", ["Long Confession"]),
        ("I counted 1,790 gulls and 12 boats.", []),
    ],
)
def test_only_what_nothing_mentioned_is_made_up(reply: str, made_up: list[str]) -> None:
    reading = Inventions().measure(reply, SCENE)
    assert [reply[each.start : each.end] for each in reading.evidence] == made_up
    assert reading.value == len(made_up) and reading.confidence == 1


@pytest.mark.parametrize("reply", ["", "Ich habe den Hund im Garten gesehen.", "你好吗"])
def test_it_says_nothing_about_other_languages(reply: str) -> None:
    assert Inventions().measure(reply, SCENE).confidence == 0


def test_all_of_the_card_and_the_prompt_count_as_mentioned() -> None:
    card = CharacterCard(
        name="Ines", scenario="A night in Lisbon.", user_description="A clerk from Porto.",
        examples=(Example((("user", "And Rosalind?"), ("char", "She left with Bastien."))),),
        lorebook=Lorebook((LoreEntry(keys=("Tamsin",), content="{{char}} fears Corvin."),)),
    )  # fmt: skip
    scene = scene_of(card, prompt="You remember: the cat Biscuit.")
    for name in ("Rosalind", "Bastien", "Tamsin", "Corvin", "Biscuit", "Lisbon", "Porto"):
        reading = Inventions().measure(f"I was there with {name} that night.", scene)
        assert (reading.value, reading.confidence) == (0, 1)
    assert Inventions().measure("I was there with Quentin that night.", scene).value == 1


def test_an_invention_is_shown_and_costs_nothing() -> None:
    scorer = Scorer(signals=[Inventions()])
    plain = scorer.score_quickly("I sailed with my sister.", SCENE)
    bold = scorer.score_quickly("I sailed with my sister Odile.", SCENE)
    assert bold.probability == plain.probability
    assert [each.kind for each in findings(bold)] == ["new"]
    assert [each.kind for each in findings(plain)] == ["clean"]
