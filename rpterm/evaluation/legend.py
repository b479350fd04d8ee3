"""What the figures of an evaluation mean: in words, their range, and which way is better. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """One figure, for somebody who knows none of them.

    Attributes:
        name: As tables and pictures call it.
        span: From where to where it goes, and its unit.
        better: Which end is, in words.
    """

    name: str
    means: str
    span: str
    better: str = "higher is better"


_SHARE, _NATS, _POINTS = "0 to 1", "nats a token; 0: none", "0 to 100"
METRICS: dict[str, Meaning] = {
    "in_character": Meaning(
        "in character", "How likely it is this character who says it, and nobody else.", _SHARE
    ),
    "persona": Meaning("persona", "Fits the facts and people of the card.", _SHARE),
    "behaviour": Meaning("behaviour", "Sounds like the character's own lines.", _SHARE),
    "conversation": Meaning("conversation", "Answers what was said; repeats nothing.", _SHARE),
    "boundaries": Meaning(
        "boundaries", "No assistant's voice, no later times, no speaking for you.", _SHARE
    ),
    "attractiveness": Meaning(
        "attractiveness",
        "Brings something new, takes up what you feel. Not calibrated, no part of in character.",
        _SHARE,
    ),
    "persona_lift": Meaning(
        "persona lift",
        "How much likelier the card makes it: ln PPL without the card - ln PPL with it (ΔPPL).",
        _NATS,
    ),
    "context_lift": Meaning(
        "context lift", "The same for the talk before it, against other talks.", _NATS
    ),
    "voice_likelihood": Meaning(
        "voice by likelihood",
        "How much likelier after the character's own lines than after those of others.",
        "nats a √token; 0: none",
    ),
    "rouge_l": Meaning(
        "ROUGE-L", "Words in common with the reference reply, in their order.", _POINTS
    ),
    "bleu": Meaning("BLEU", "Runs of up to four words in common with it.", _POINTS),
    "chrf": Meaning("chrF", "Runs of letters in common with it.", _POINTS),
}
"""By the name of the metric, in the order in which they are shown."""
KINDS = {
    "reference": "What the card's examples, or your probes, have an answer to.",
    "knowledge": "About the character itself.",
    "later": "About what the character cannot know yet; knowing it is out of character.",
}
_NEITHER = "neither end is better: compare with the card"
TRAITS: dict[str, Meaning] = {
    name: Meaning(name, means, "1 to 5", _NEITHER)
    for name, means in (
        ("openness", "Curious and inventive; 1 is plain and settled."),
        ("conscientiousness", "Orderly and reliable; 1 is careless."),
        ("extraversion", "Outgoing; 1 is reserved."),
        ("agreeableness", "Kind and yielding; 1 is hard on others."),
        ("neuroticism", "Easily upset; 1 is calm."),
    )
}


def title(metric: str) -> str:
    """What people call a metric."""
    return METRICS[metric].name if metric in METRICS else metric


def kinds(names: list[str]) -> tuple[Meaning, ...]:
    """Of the kinds of questions: all are means of the first metric."""
    return tuple(Meaning(name, KINDS[name], _SHARE) for name in names if name in KINDS)
