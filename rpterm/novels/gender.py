"""Guesses the gender of a name by title, first name, or the pronouns that follow it. Pure.

Pronouns say less than they seem to: in a book that follows a woman, "she" is near everybody's name.
So the share of "she" after a name is compared with the shares after names whose gender is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from rpterm.novels.quotations import Paragraph
from rpterm.novels.titles import FEMALE_TITLES, MALE_TITLES, split_title

_PRONOUN_RANGE = 80
"""Characters after a name within which "he" or "she" still means that person."""
_PRONOUN = re.compile(r"\b(she|he|her|his|herself|himself)\b", re.IGNORECASE)
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
_SIR = r"sir|my lord|papa|father|uncle|monsieur|young man|old man"
_MADAM = r"ma['’]am|madam|madame|mademoiselle|my lady|mamma|mother|aunt|mum|miss"
_HONORIFIC = re.compile(
    r"(?:^|[,;.!?—-]\s*|\b(?:yes|no|oh|well|my good|my dear|dear),?\s)"
    rf"(?:(?P<sir>{_SIR})|(?:{_MADAM}))(?=\s*(?:[,.!?;—-]|$))",
    re.IGNORECASE,
)
_PRIOR_WEIGHT = 4
"""A prior of this many pronouns at the midpoint shrinks a name's share."""
_MIN_PRONOUNS = 20
"""Pronouns needed after names of known gender, for each gender, before they set the midpoint."""
_MIN_DISTANCE = 0.1
"""How far from the midpoint a share must be to count."""


def by_title(names: Iterable[str]) -> bool | None:
    """The gender by titles; ``True`` is a woman."""
    titles = {split_title(name)[0] for name in names}
    she, he = bool(titles & FEMALE_TITLES), bool(titles & MALE_TITLES)
    return she if she != he else None


def by_name(name: str) -> bool | None:
    """The gender by a title or a first name; after a title stands a last name: "Dr. Grace"."""
    title, words = split_title(name)
    if title or not words:
        return by_title((name,))
    first = words[0].lower()
    return True if first in _WOMEN else False if first in _MEN else None


def of_listener(speech: str) -> bool | None:
    """The gender of whoever a speech calls "sir" or "ma'am"; ``True`` is a woman."""
    sexes = {match["sir"] is None for match in _HONORIFIC.finditer(speech)}
    return sexes.pop() if len(sexes) == 1 else None


def of_names(
    names: Iterable[str],
    paragraphs: Iterable[Paragraph],
    mentions: Mapping[int, Collection[tuple[int, str]]],
) -> dict[str, bool]:
    """The gender of each name for which it can be told; ``True`` is a woman.

    Args:
        mentions: For each paragraph the names in its narration, with their positions.
    """
    counts: dict[str, list[int]] = {}
    for paragraph in paragraphs:
        narration, named = paragraph.narration, list(mentions.get(paragraph.index, ()))
        ends = [at for at, _ in named[1:]] + [len(narration)]
        for (at, name), end in zip(named, ends, strict=False):
            limit = min(at + _PRONOUN_RANGE, end)
            if (pronoun := _PRONOUN.search(narration, at + len(name), limit)) is not None:
                female = pronoun[1].lower() in ("she", "her", "herself")
                counts.setdefault(name, [0, 0])[female] += 1
    known = {name: by_name(name) for name in names}
    midpoint = _midpoint(counts, known)
    genders: dict[str, bool] = {name: sex for name, sex in known.items() if sex is not None}
    for name, (he, she) in counts.items():
        share = (she + _PRIOR_WEIGHT * midpoint) / (he + she + _PRIOR_WEIGHT)
        if name not in genders and abs(share - midpoint) >= _MIN_DISTANCE:
            genders[name] = share > midpoint
    return genders


def _midpoint(counts: Mapping[str, list[int]], known: Mapping[str, bool | None]) -> float:
    """The share of "she" halfway between men's names and women's."""
    shares = []
    for female in (False, True):
        pairs = [counts[name] for name, sex in known.items() if sex is female and name in counts]
        he, she = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        shares.append(she / (he + she) if he + she >= _MIN_PRONOUNS else float(female))
    return sum(shares) / 2 if shares[1] > shares[0] else 0.5
