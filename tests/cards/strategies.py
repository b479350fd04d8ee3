"""Hypothesis strategies for cards that the reader accepts."""

from typing import Any, get_args

from hypothesis import strategies as st

from rpterm.cards.card import (
    CharacterCard,
    Example,
    Logic,
    Lorebook,
    LoreEntry,
    Position,
    Probe,
)  # fmt: skip
from rpterm.cards.format.key_table import SAMPLING

_CHARS = st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\n\t\r'\"\\ #=[]{}")
text = st.text(_CHARS, max_size=30) | st.sampled_from(
    ['"""', "'''\n\\", 'a\n"quoted"', "ends with '\n'", "a\r\nb", "\n\n", "tab\there\n"]
)
name = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda value: bool(value.strip())
)
key = text.filter(lambda value: not value.startswith("/"))
words = st.lists(key, max_size=3).map(tuple)
lines = st.lists(text, max_size=3).map(tuple)
greetings = st.lists(text.filter(lambda value: bool(value.strip())), max_size=3).map(tuple)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner,
                                                               max_size=3),
    max_leaves=10,
)  # fmt: skip
extensions = st.dictionaries(st.text(max_size=8) | st.just("$json"), anything, max_size=3)
whole = st.integers(0, 500)


def entries(greeting_count: int) -> st.SearchStrategy[LoreEntry]:
    """Lore entries of a card with so many greetings."""
    return st.builds(
        LoreEntry,
        keys=words, content=text, name=text, comment=text, secondary_keys=words,
        logic=st.sampled_from(get_args(Logic)), position=st.sampled_from(get_args(Position)),
        depth=whole, role=st.sampled_from(["system", "user", "assistant"]), order=whole,
        priority=whole, probability=st.integers(0, 100), scan_depth=st.none() | whole,
        sticky=whole, cooldown=whole, delay=whole, group=text, group_weight=whole,
        greetings=st.lists(st.integers(0, greeting_count - 1), max_size=2).map(tuple)
        if greeting_count else st.just(()),
        characters=words, exclude_characters=words, extensions=extensions,
    )  # fmt: skip


_examples = st.builds(
    Example,
    st.lists(st.tuples(st.sampled_from(["user", "char"]), text), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)
_probes = st.builds(
    Probe, st.lists(text, min_size=1, max_size=2).map(tuple), text, words, words,
    score_above=st.none() | st.floats(0, 1), judge=text,
)  # fmt: skip
_sampling = st.fixed_dictionaries(
    {}, optional={key.name: st.just(key.high or 2) for key in SAMPLING}
)


def books(greeting_count: int) -> st.SearchStrategy[Lorebook]:
    """Lorebooks of a card with so many greetings."""
    return st.builds(
        Lorebook, st.lists(entries(greeting_count), max_size=2).map(tuple), text, text, whole,
        whole, st.booleans(), extensions,
    )  # fmt: skip


@st.composite
def cards(draw: st.DrawFn) -> CharacterCard:
    """Any card."""
    first = draw(greetings)
    fields: dict[str, Any] = {
        field: draw(text) for field in ("tagline", "nickname", "description", "scenario",
        "system_prompt", "post_history_instructions", "user_name", "user_description", "portrait",
        "creator", "creator_notes", "version")
    }  # fmt: skip
    fields |= {
        field: draw(lines) for field in ("attributes", "relations", "style", "limits", "tags")
    }
    return CharacterCard(
        name=draw(name), greetings=first, group_greetings=draw(greetings),
        examples=draw(st.lists(_examples, max_size=2).map(tuple)),
        knows_until=draw(st.sampled_from(["", "1895", "-0399", "1895-04-23"])),
        sampling=draw(_sampling), lorebook=draw(books(len(first))),
        tests=draw(st.lists(_probes, max_size=2).map(tuple)),
        extensions=draw(extensions), **fields,
    )  # fmt: skip
