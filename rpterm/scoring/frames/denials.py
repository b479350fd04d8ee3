"""What a Chinese card denies and the reply affirms, or the reverse. Pure.

For English the other frames compare words and phrases; this compares the rarer characters of
clauses ("从来不喝酒" against "最爱喝白酒"), people whom the card rules out ("尚未娶妻" against
"我妻子") or calls dead, and what the card likes and the reply does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from math import fsum

from rpterm.scoring.scene import ReplyScene
from rpterm.scoring.signal import Evidence
from rpterm.scoring.word_frequency import rarity
from rpterm.text.sentences import with_offsets
from rpterm.text.unspaced import UNSPACED

_NOT = re.compile(
    "从来不|从来没|从不|从未|不曾|没有|讨厌|厌恶|憎恨|反感|害怕|过敏|拒绝|禁止|[不没未无别恨怕拒禁忌戒]"
)
_NO_DENIAL = re.compile(
    "不错|不醉|没错|不[仅但过管论久愧禁如同止由然少停断料]|不小心|无论|无数|别人|特别|分别|区别|没关系|没问题|恨不得|不用说|"
    "不好意思|对不起|未来|要不|了不起|忍不住|不得不|差不多"
)
_CLAUSE = re.compile(r"[^，。！？；：、…\n,.!?;:“”\"「」（）()*—]+[？?]?")
_IDIOMS = {"滴酒不沾": "不喝酒", "目不识丁": "不识字", "只吃素食": "不吃肉"}
_OWN = "(?:我|咱)(?:们)?(?:家|的|和|跟|有(?:一|两|三|几)?个?){0,2}"
_PARTNER = f"(?:{_OWN}|(?<![^，。！？…—\n ]))(?:妻子|老婆|太太|娘子|媳妇|丈夫|老公|相公|夫君|爱人)"
_CHILD = f"{_OWN}(?:儿子|女儿|闺女|孩子)"
_SIBLING = f"{_OWN}(?:哥哥|弟弟|姐姐|妹妹|大哥|二哥|哥|姐)"
_RULED_OUT = tuple(
    (re.compile(known), re.compile(said))
    for known, said in (
        (
            "未婚|未娶|未嫁|没有?成亲|没有?结过?婚|未曾?婚配|单身|独身|未成家|终身不娶|离异|离婚|丧偶|守寡",
            _PARTNER,
        ),
        ("独生[子女]|独子|独女|没有?兄弟姐妹|没有?兄弟|没有?姐妹", _SIBLING),
        ("没有?孩子|没有?子女|无子|膝下无", _CHILD),
        (
            "已婚|(?:妻子|老婆|太太|丈夫|老公|相公|夫君)",
            "我(?:是|还)?(?:单身|未婚|没结过?婚|没有?成亲|没有?结过?婚|尚未娶|未娶)",
        ),
        (
            "哥哥|弟弟|姐姐|妹妹",
            "我(?:是|家)?(?:独生[子女]|独子|独女)|我没有?(?:兄弟姐妹|哥哥|弟弟|姐姐|妹妹)",
        ),
        ("儿子|女儿", "我没有?(?:孩子|儿子|女儿)|我膝下无"),
        ("[猫狗兔]", "我(?:没有?|不)养(?:过)?(?:宠物|[猫狗兔])"),
    )
)
"""What the card says of the character's people, and what the reply cannot say then."""
_KIN = "哥哥|弟弟|姐姐|妹妹|父母|爹娘|爸妈|父亲|母亲|爸爸|妈妈|爷爷|奶奶|妻子|丈夫|儿子|女儿"
_DEAD = re.compile(
    f"(?P<who>{_KIN})[^，。；]{{0,10}}?(?:去世|过世|早亡|早逝|亡故|病逝|牺牲|自杀|被[^，。]{{0,6}}(?:杀|害)|死)"
)
_ALIVE = "[^，。]{0,2}(?:昨天|今天|刚才?|现在|正在|还在|就在|在家|给我|都很|很健康|会来)"
_SAME = {"父母": "父母|爹娘|爸妈|爹|娘", "父亲": "父亲|爸爸|爹", "母亲": "母亲|妈妈|娘"}
_NOT_NOW = re.compile(
    "前[妻夫]|亡[妻夫]|过世|去世|已故|生前|曾经|从前|以前|将来|以后|如果|要是|哪来|催"
)
_LIKES = re.compile("(?:喜欢|喜爱|热爱|爱好|喜好|爱[吃喝])[：:]?(?P<what>[^，。；！？,.;\n（(]+)")
_HATES = re.compile("(?:讨厌|不喜欢|不爱[吃喝]?|厌恶|恨)(?P<what>[^，。；！？,.;\n（(了]+)")
_DISLIKES = re.compile("讨厌|不喜|厌恶|恨|害怕|最怕")
_LIST = re.compile("[、和与跟及]|以及")
_RARE = 1.0
_LEAST_CHARACTERS, _LEAST_RARITY, _LEAST_SHARE = 2, 4.0, 0.5
"""What two clauses must have in common: rare characters, and their share of the card's."""


def affirms_denied(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply affirms what a line of the card denies."""
    if reply.isascii():
        return
    yield from _ruled_out(reply, scene)
    yield from _disliked(reply, scene)
    yield from _alive(reply, scene)
    clauses = _clauses(reply)
    said = [(start, end, _rare(text)) for start, end, is_denied, text in clauses if not is_denied]
    denied = [
        (_rare(text) - frozenset(scene.char), fact)
        for fact in (scene.facts if said else ())
        for _, _, is_denied, text in _clauses(fact.text)
        if is_denied
    ]
    for characters, fact in denied:
        for start, end, affirmed in said:
            if _agree(affirmed & characters, characters):
                yield Evidence(start, end, "says the contrary", fact.source, fact.text)


def _ruled_out(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply has people whom the card rules out, or rules out those of the card."""
    for start, sentence in with_offsets(reply):
        for known, said in _RULED_OUT if not _NOT_NOW.search(sentence) else ():
            found = said.search(sentence)
            fact = found and next((each for each in scene.facts if known.search(each.text)), None)
            if found and fact:
                span = start + found.start(), start + found.end()
                yield Evidence(*span, "the card says otherwise", fact.source, fact.text)


def _alive(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where somebody of whom the card says that they are dead is there."""
    for fact in scene.facts:
        for dead in _DEAD.finditer(fact.text):
            who = _SAME.get(dead["who"], dead["who"])
            if found := re.search(f"(?:{who}){_ALIVE}", reply):
                note = "the card says that they are dead"
                yield Evidence(*found.span(), note, fact.source, fact.text)


def _disliked(reply: str, scene: ReplyScene) -> Iterator[Evidence]:
    """Where the reply dislikes what a line of the card likes."""
    hated = [(match.span(), what) for match in _HATES.finditer(reply) for what in _listed(match)]
    for fact in scene.facts if hated else ():
        liked = {what for match in _LIKES.finditer(fact.text) for what in _listed(match)}
        for span, what in hated if not _DISLIKES.search(fact.text) else ():
            if any(each in what or what in each for each in liked):
                yield Evidence(*span, "the card says the contrary", fact.source, fact.text)


def _listed(match: re.Match[str]) -> list[str]:
    return [each for each in _LIST.split(match["what"].strip()) if len(each) > 1]


def _agree(shared: frozenset[str], characters: frozenset[str]) -> bool:
    weight = fsum(map(rarity, shared))
    return (
        len(shared) >= _LEAST_CHARACTERS
        and weight >= _LEAST_RARITY
        and weight >= _LEAST_SHARE * fsum(map(rarity, characters))
    )


@lru_cache(maxsize=4096)
def _clauses(text: str) -> tuple[tuple[int, int, bool, str], ...]:
    """The clauses that are no questions, as (start, end, whether it denies, text)."""
    for idiom, plain in _IDIOMS.items():
        text = text.replace(idiom, plain.ljust(len(idiom)))
    return tuple(
        (*match.span(), bool(_NOT.search(_NO_DENIAL.sub("", match.group()))), match.group())
        for match in _CLAUSE.finditer(text)
        if not match.group().endswith(("？", "?"))
    )


def _rare(clause: str) -> frozenset[str]:
    """The rarer characters of a clause, without what denies."""
    found = UNSPACED.findall(_NOT.sub("", clause))
    return frozenset(each for each in found if rarity(each) > _RARE)
