"""What the figures of an evaluation mean: in words, their range, and which end is better."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricMeaning:
    """The explanation of one figure for a newcomer.

    Attributes:
        name: Its name in tables and pictures.
        means: What it measures, in one sentence.
        span: Its range and unit.
        better: Which end is better, in words.
    """

    name: str
    means: str
    span: str
    better: str = "higher is better"


_SHARE, _NATS, _POINTS = "0 to 1", "nats per token; 0: none", "0 to 100"
METRICS: dict[str, MetricMeaning] = {
    "in_character": MetricMeaning(
        "in character", "How likely it is that this character says it, and nobody else.", _SHARE
    ),
    "persona": MetricMeaning("persona", "It fits the facts and people on the card.", _SHARE),
    "behaviour": MetricMeaning("behaviour", "It sounds like the character's own lines.", _SHARE),
    "conversation": MetricMeaning(
        "conversation", "It answers what was said and repeats nothing.", _SHARE
    ),
    "boundaries": MetricMeaning(
        "boundaries",
        "It does not sound like an assistant, know later times, or speak for you.",
        _SHARE,
    ),
    "attractiveness": MetricMeaning(
        "attractiveness",
        "It adds something new and responds to what you feel. Not calibrated, and not part of "
        "“in character”.",
        _SHARE,
    ),
    "persona_lift": MetricMeaning(
        "persona lift",
        "How much likelier the card makes it: ln PPL without the card - ln PPL with it (ΔPPL).",
        _NATS,
    ),
    "context_lift": MetricMeaning(
        "context lift",
        "How much likelier the conversation before it makes it, compared with other conversations.",
        _NATS,
    ),
    "voice_likelihood": MetricMeaning(
        "voice by likelihood",
        "How much likelier it is after the character's own lines than after those of others.",
        "nats per √token; 0: none",
    ),
    "rouge_l": MetricMeaning(
        "ROUGE-L", "Words in common with the reference reply, in the same order.", _POINTS
    ),
    "bleu": MetricMeaning(
        "BLEU", "Sequences of up to four words in common with the reference.", _POINTS
    ),
    "chrf": MetricMeaning("chrF", "Sequences of letters in common with the reference.", _POINTS),
}
"""By the name of the metric, in display order."""
KINDS = {
    "reference": "Questions that the card's examples or your probes answer.",
    "knowledge": "Questions about the character itself.",
    "later": "Questions about what the character cannot know yet; knowing it is out of character.",
}
_NEITHER = "neither end is better: compare with the card"
TRAITS: dict[str, MetricMeaning] = {
    name: MetricMeaning(name, means, "1 to 5", _NEITHER)
    for name, means in (
        ("openness", "Curious and inventive; 1 is conventional."),
        ("conscientiousness", "Orderly and reliable; 1 is careless."),
        ("extraversion", "Outgoing; 1 is reserved."),
        ("agreeableness", "Kind and accommodating; 1 is hard on others."),
        ("neuroticism", "Easily upset; 1 is calm."),
    )
}


def title(metric: str) -> str:
    """The display name of a metric."""
    return METRICS[metric].name if metric in METRICS else metric


def kinds(names: list[str]) -> tuple[MetricMeaning, ...]:
    """The legend of these kinds of questions; their figures are means of "in character"."""
    return tuple(MetricMeaning(name, KINDS[name], _SHARE) for name in names if name in KINDS)
