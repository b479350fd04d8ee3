"""What the user does not take ("I'm vegetarian", "no lavender"), against offering it. Pure.

English and Chinese. A refusal names an object or a diet; ``frames.toml`` knows the kinds of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from rpterm.scoring.frames.abilities import kinds_of
from rpterm.scoring.frames.known import clause_at, is_negated
from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.texts import content_stems, words
from rpterm.text.sentences import sentences, with_offsets

_WHAT = r"[a-z]+(?: [a-z]+)?"
_REFUSES = re.compile(
    r"\b(?:I|she|he|they)(?:'m| am| is|'s)? (?:can't|cannot|don't|do not|doesn't|won't|never|"
    r"mustn't|must not|not allowed to)(?: really| even| ever)? "
    rf"(?:drink|eat|touch|take|stand|smoke|(?<=can't )have|(?<=cannot )have) (?P<what>{_WHAT})"
    rf"|\b(?:every|any)thing (?:but|except) (?P<but>{_WHAT})(?=[.,;!]|$)"
    rf"|\ballergic to (?P<allergic>{_WHAT})"
    rf"|(?:^|[,.;] )(?:but )?(?:please,? )?no (?P<no>{_WHAT})"
    r"(?=,| please|[.!]? ?it (?:makes|gives)|[.!]?$| for (?:me|a))"
    r"|\bdon't (?:cook|bring|serve|give (?:me|her|him|them)) (?:any )?(?P<dont>[a-z]+)"
    r"|\b(?P<diet>vegetarian|vegan|lactose intolerant|teetotal|decaf|sober)\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"(?:不能|不会|不|没法)[喝吃碰](?P<what>(?![了的着过])[^\W\d_a-zA-Z]{1,3}?)(?=[，。！,的了]|$)"
    r"|对(?P<allergic>[^，。过]{1,4})过敏|(?P<diet>乳糖不耐受|吃素)"
)
_DIETS = {
    "vegetarian": "meat", "vegan": "meat milk egg cheese", "lactose intolerant": "milk",
    "teetotal": "alcohol", "sober": "alcohol", "decaf": "caffeine",
    "乳糖不耐受": "乳制品", "吃素": "肉",
}  # fmt: skip
_CHINESE_KINDS = {
    "乳制品": "牛奶 奶茶 酸奶 奶酪 奶油 拿铁 冰淇淋", "奶": "牛奶 奶茶 酸奶 奶酪 奶油 拿铁",
    "肉": "牛肉 猪肉 羊肉 鸡肉 红烧肉 排骨 烤鸭", "海鲜": "虾 螃蟹 生蚝 扇贝",
}  # fmt: skip
Thing = tuple[frozenset[str], ...]
"""The stems of each of its words, with those of its kinds; in Chinese words."""
_THEM = frozenset(["it", "that", "them", "those", "any", "one"])
_BEGINS = re.compile(
    r"\W*(?:please |now |come,? |and |then |so |just )*"
    r"(?:have|try|drink|eat|take|grab|enjoy|here)\b",
    re.IGNORECASE,
)
_OFFERS = re.compile(r"\byou(?:r|'ll|'d)?\b|\bfor (?:her|him|them|(?-i:[A-Z])\w+)\b", re.IGNORECASE)
_CHINESE_OFFERS = re.compile(
    "[喝吃尝来](?:点|杯|碗|口|块|些|个|一|吧)|[给请为][你您]|[你您][的爱要就快]|趁热|请用"
)
_CHINESE_CLAUSE = re.compile(r"[^，。！？；\n]+")
_NO_THING = frozenset(
    content_stems(
        "much many longer idea time more problem need worries thanks one way rush doubt wonder "
        "kidding sir luck mistake offence matter hurry fear"
    )
)
"""What "no …" says without refusing a thing."""


def offers_refused(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply offers what the user said they do not take."""
    refused = [
        (turn, thing) for own, turn in scene.turns if not own for thing in _refused(turn.text)
    ]
    for start, sentence in with_offsets(reply) if refused else ():
        plain = sentence.replace("’", "'")
        for turn, thing in refused:
            at = _offered(plain, thing)
            if at is not None and not is_negated(clause_at(plain, *at)):
                note = "you said that you do not take this"
                yield Evidence(start, start + len(sentence), note, turn.source, turn.text)


def _offered(plain: str, thing: Thing) -> tuple[int, int] | None:
    """The span of the thing in a sentence that offers it."""
    if plain.rstrip('"”*').endswith("?"):
        return None
    for clause in _CHINESE_CLAUSE.finditer(plain) if not min(thing[-1]).isascii() else ():
        is_named = any(each in clause.group() for each in thing[-1])
        if is_named and _CHINESE_OFFERS.search(clause.group()):
            return clause.span()
    if any(each.isdisjoint(content_stems(plain)) for each in thing):
        return None
    for match in re.finditer(r"[A-Za-z']+", plain):
        if thing[-1] & set(content_stems(match.group())) and (
            _BEGINS.match(plain) or _OFFERS.search(clause_at(plain, *match.span()))
        ):
            return match.span()
    return None


@lru_cache(maxsize=1024)
def _refused(text: str) -> tuple[Thing, ...]:
    """What a turn of the user refuses."""
    found, before = [], ""
    for sentence in sentences(text.replace("’", "'")):
        for match in (*_REFUSES.finditer(sentence), *_CHINESE.finditer(sentence)):
            groups = {name: said for name, said in match.groupdict().items() if said}
            name, said = next(iter(groups.items()))
            if name == "diet":
                found += [thing for each in _DIETS[said.lower()].split() for thing in _thing(each)]
            elif _THEM & set(words(said)):
                found += [thing[-1:] for thing in _thing(before)]
            else:
                found += _thing(said)
        before = sentence
    return tuple(found)


def _thing(said: str) -> list[Thing]:
    if not said.isascii():
        return [(frozenset([said, *_CHINESE_KINDS.get(said, "").split()]),)]
    stems = content_stems(said)
    is_thing = stems and _NO_THING.isdisjoint(stems)
    return [tuple(frozenset([each, *kinds_of(each)]) for each in stems)] if is_thing else []
