"""Whether a name is a man's or a woman's: by title, by first name, by the pronouns after it. Pure.

Pronouns tell less than they seem to: where a book follows a woman, "she" is near everybody's name.
So a name's share of "she" is held against the shares of those whose title tells.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from rpterm.novels.speech import Paragraph
from rpterm.novels.tags import HE, SHE, TITLES

_CLAUSE = 80
"""Characters after a name in which "he" or "she" still means that person."""
_NEAR = re.compile(r"\b(she|he|her|his|herself|himself)\b", re.IGNORECASE)
_MEN_TEXT = (
    "adam albert alexander alfred andrew anthony archibald arthur basil benjamin bernard bob "
    "charles christopher clive daniel david dick edgar edmund edward edwin ernest eugene "
    "felix francis frank fred frederick gabriel geoffrey george gerald gilbert giles godfrey "
    "gregory guy harold harry henry herbert horace hugh humphrey ian isaac jack jacob james "
    "jasper jeremiah jim joe john jonathan joseph joshua josiah julian lawrence leonard "
    "leopold lewis louis luke mark martin matthew maurice michael miles mortimer nathan "
    "nathaniel ned neville nicholas oliver oscar patrick paul percy peter philip pierre ralph "
    "raymond reginald richard robert robin roger roland rupert samuel sebastian sherlock "
    "sidney simon stephen steven theodore thomas timothy tobias tom victor vincent walter "
    "wilfred will william"
)
_WOMEN_TEXT = (
    "ada adelaide agatha agnes alice amelia amy ann anna anne annie arabella augusta barbara "
    "beatrice bella bertha bessie betty bridget caroline catherine cecilia charlotte clara "
    "clarissa constance cora daisy deborah diana dolly dora dorothea dorothy edith eleanor "
    "elinor eliza elizabeth ella ellen emily emma esther ethel eva eve evelyn fanny flora "
    "florence frances georgiana gertrude grace hannah harriet helen henrietta hester ida "
    "irene isabel isabella jane janet jenny jessie joan josephine judith julia kate katherine "
    "kitty laura lavinia letitia lilian lily lizzie lizzy lottie louisa lucy lydia mabel "
    "margaret maria marianne marilla marion martha mary matilda maud may mildred millicent "
    "minnie molly muriel nancy nelly nora olivia pamela patty peggy penelope phoebe polly "
    "rachel rebecca rosa rose rosalind ruth sally sarah selina sophia sophy stella susan "
    "susannah sybil theresa ursula victoria viola violet virginia winifred"
)
_MEN, _WOMEN = frozenset(_MEN_TEXT.split()), frozenset(_WOMEN_TEXT.split())
_WEIGHT = 4
"""Pronouns that a name must have against it to be moved halfway from the middle."""
_ENOUGH = 20
"""Pronouns that must follow names with a title, for each sex, before they set the middle."""
_FAR = 0.1
"""How far from the middle a share must be."""


def by_title(names: Iterable[str]) -> bool | None:
    """What titles tell: ``True`` is a woman."""
    titles = {_first(name) for name in names}
    she, he = bool(titles & SHE), bool(titles & HE)
    return she if she != he else None


def by_name(name: str) -> bool | None:
    """What a title or a first name tells."""
    told = by_title((name,))
    if told is not None:
        return told
    words = [word.lower() for word in name.split()]
    first = next((word for word in words if word.rstrip(".") not in {*TITLES, "the"}), "")
    if len(words) > 1 and _first(name) in TITLES:
        return None  # A last name: "Dr. Grace".
    return True if first in _WOMEN else False if first in _MEN else None


def _first(name: str) -> str:
    words = [word for word in name.split() if word.lower() != "the"]
    return words[0].rstrip(".").lower() if words else ""


def of_names(
    names: Iterable[str],
    paragraphs: Iterable[Paragraph],
    mentions: Mapping[int, Collection[tuple[int, str]]],
) -> dict[str, bool]:
    """The sex of each name that tells it: ``True`` is a woman.

    Args:
        mentions: For each paragraph the names in its narration, with their places.
    """
    counts: dict[str, list[int]] = {}
    for paragraph in paragraphs:
        told, named = paragraph.narration, list(mentions.get(paragraph.at, ()))
        ends = [at for at, _ in named[1:]] + [len(told)]
        for (at, name), end in zip(named, ends, strict=False):
            if (found := _NEAR.search(told, at + len(name), min(at + _CLAUSE, end))) is not None:
                female = found[1].lower() in ("she", "her", "herself")
                counts.setdefault(name, [0, 0])[female] += 1
    known = {name: by_name(name) for name in names}
    middle = _middle(counts, known)
    found_: dict[str, bool] = {name: sex for name, sex in known.items() if sex is not None}
    for name, (he, she) in counts.items():
        share = (she + _WEIGHT * middle) / (he + she + _WEIGHT)
        if name not in found_ and abs(share - middle) >= _FAR:
            found_[name] = share > middle
    return found_


def _middle(counts: Mapping[str, list[int]], known: Mapping[str, bool | None]) -> float:
    """The share of "she" halfway between men's names and women's."""
    shares = []
    for sex in (False, True):
        mine = [counts[name] for name, each in known.items() if each is sex and name in counts]
        he, she = sum(each[0] for each in mine), sum(each[1] for each in mine)
        shares.append(she / (he + she) if he + she >= _ENOUGH else float(sex))
    return sum(shares) / 2 if shares[1] > shares[0] else 0.5
