"""Groups the names that belong to one person. Pure.

Two names belong to one person if one is the other's short form and could be nobody else's: without
its title, a first or last name alone, a pet form ("Lizzy"). Names that share no word ("the
stranger" and "Griffin") are not known to be the same; the reader may say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rpterm.novels import gender
from rpterm.novels.titles import split_title

_PET_TEXT = """
elizabeth: lizzy lizzie eliza beth bess betsy betty libby
catherine: kitty kate cathy katy
katherine: kitty kate kathy katie
margaret: maggie meg peggy daisy madge
mary: molly polly may
william: will bill billy willy
thomas: tom tommy
edward: ned ted eddy teddy
richard: dick dicky rick
robert: bob bobby rob robin bert
john: jack johnny
james: jim jimmy jem
henry: harry hal
charles: charley charlie
samuel: sam sammy
joseph: joe
nicholas: nick
benjamin: ben
daniel: dan danny
david: davy dave
frederick: fred freddy
george: georgie
michael: mick mike
anthony: tony
andrew: andy
alexander: alec alick sandy
arthur: art
walter: wat walt
susan: sue susy susie
susannah: sue susan
ann: annie nancy nan
anne: annie nancy nan
dorothy: dolly dora dot
theodora: dora
eleanor: nell nelly nellie
helen: nell nelly nellie
ellen: nell nelly nellie
martha: patty
matilda: tilly
emily: em emmy
sarah: sally sal sadie
frances: fanny
caroline: carrie caddy
charlotte: lottie
harriet: hattie
isabella: bella
louisa: loo lou
josephine: jo
amelia: emmy
rebecca: becky
deborah: debby
philip: pip phil
peter: pete
stephen: steve
timothy: tim
tobias: toby
christopher: kit
matthew: matt
huckleberry: huck
ebenezer: eben
jeremiah: jerry
"""
_PET_FORMS = {
    pet: frozenset(
        line.split(":")[0]
        for line in _PET_TEXT.strip().splitlines()
        if pet in line.split(":")[1].split()
    )
    for pet in _PET_TEXT.replace(":", " ").split()
}
_RANKS = frozenset(("general", "captain", "colonel", "major", "lieutenant", "sergeant"))
_RANK_NOUNS = _RANKS | {"doctor", "inspector", "professor", "squire", "count"}
_MIN_RANKED = 3
"""Times a book must name somebody with a rank for "the captain" to be a name of theirs."""
_WIVES = frozenset(("mrs", "lady", "madame"))
_NOBLE = frozenset(("lady", "lord", "sir"))
_DOMINANCE = 3
"""How many times as often as any other candidate a person must be named to own a short form."""


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """What a book says about its names.

    Attributes:
        counts: How often each occurs in the book.
        female: ``True`` for a woman's name, ``False`` for a man's.
        apart: Pairs of names of two different people, because they talk to each other.
        younger: First names by which the book tells somebody from the head of the family.
    """

    counts: Mapping[str, int]
    female: Mapping[str, bool]
    apart: Collection[frozenset[str]] = ()
    younger: Collection[str] = ()


def group_names(known: NameEvidence) -> list[set[str]]:
    """Names grouped by person.

    A short form joins the group it can belong to; among several, the one named most. A last name
    alone never joins a married woman's group, and a man's before a woman's, the head of the
    family's ("Mr. Orme") first.
    """
    groups: list[set[str]] = []
    counts = known.counts
    for name in sorted(counts, key=lambda each: (-len(split_title(each)[1]), -counts[each], each)):
        best = _owner(name, [group for group in groups if _can_belong(name, group, known)], known)
        if best is None:
            groups.append({name})
        else:
            best.add(name)
    return groups


def _owner(name: str, fitting: Sequence[set[str]], known: NameEvidence) -> set[str] | None:
    """The group a short form belongs to; "Miss Bennet" with several sisters belongs to none."""
    title, plain = split_title(name)
    if len(plain) == 1 and not title:
        same_last_name = [
            group for group in fitting if any(split_title(n)[1][-1:] == plain for n in group)
        ]
        men = [group for group in same_last_name if _gender(group, known) is False]
        heads = [group for group in men if ("mr", plain) in map(split_title, group)]
        fitting = heads or men or fitting
    if not fitting:
        return None
    weights = [_weight(group, known.counts) for group in fitting]
    best = max(range(len(fitting)), key=weights.__getitem__)
    unclear = any(
        weights[best] < _DOMINANCE * weight for at, weight in enumerate(weights) if at != best
    )
    return None if title and unclear else fitting[best]


def _weight(group: Iterable[str], counts: Mapping[str, int]) -> int:
    """How much a person is talked about, including by a first name alone."""
    first = {split_title(name)[1][0] for name in group if split_title(name)[1]} - set(group)
    return sum(counts[name] for name in group) + sum(counts.get(name, 0) for name in first)


def _gender(group: Iterable[str], known: NameEvidence) -> bool | None:
    votes = [known.female[name] for name in group if name in known.female]
    return None if not votes else sum(votes) * 2 > len(votes)


def _can_belong(name: str, group: Iterable[str], known: NameEvidence) -> bool:
    """Whether a name can be this person's: short for one of the names, in conflict with none."""
    return any(is_short_for(name, long) for long in group) and not any(
        _conflicts(name, other, known) for other in group
    )


def _conflicts(name: str, other: str, known: NameEvidence) -> bool:
    """Whether two names cannot be one person's: he and she, miss and mistress, two first names."""
    if frozenset((name, other)) in known.apart:
        return True
    if {known.female.get(name), known.female.get(other)} == {True, False}:
        return True
    (title, words), (other_title, other_words) = split_title(name), split_title(other)
    if any(
        _is_pet_form_of_noble(one, two)
        or _may_be_husband_or_child(one, two, known)
        or _is_head_of(one, two, known)
        for one, two in ((name, other), (other, name))
    ):
        return True
    if words[-1:] == other_words[-1:] and _conflicting_titles(title, other_title):
        return True
    both = len(words) > 1 and len(other_words) > 1 and words[-1] == other_words[-1]
    return both and not _same_first_name(words[0], other_words[0])


def _may_be_husband_or_child(wife: str, full: str, known: NameEvidence) -> bool:
    """Whether one name is a wife's ("Mrs. Smith") and the other may be of her family.

    That is "Mordecai Smith" unless the book calls this person "she", and any "Maria Lucas" for
    "Lady Lucas", because a lady has her title from her husband.
    """
    title, words = split_title(wife)
    other_title, other_words = split_title(full)
    if title not in _WIVES or len(words) != 1 or other_title or len(other_words) < 2:
        return False
    return words == other_words[-1:] and (title == "lady" or not _is_woman(full, known))


def _is_head_of(head: str, younger: str, known: NameEvidence) -> bool:
    """Whether one name is a father's or elder brother's ("Mr. Orme"), the other "Tom Orme"."""
    title, words = split_title(head)
    full = split_title(younger)[1]
    if title != "mr" or len(words) != 1 or len(full) < 2 or full[-1:] != words:
        return False
    return any(_same_first_name(full[0], each) for each in known.younger)


def _is_woman(name: str, known: NameEvidence) -> bool:
    """Whether the book calls this person "she", or the first name is a pet form of a woman's."""
    if name in known.female:
        return known.female[name]
    formal = _PET_FORMS.get(split_title(name)[1][0].lower(), ())
    return any(gender.by_name(each) is True for each in formal)


def _is_pet_form_of_noble(pet: str, noble: str) -> bool:
    """Whether the first of two names is a pet form ("Kitty") and the other is "Lady Catherine"."""
    words, (title, titled) = split_title(pet)[1], split_title(noble)
    if title not in _NOBLE or not words or not titled:
        return False
    return titled[0].lower() in _PET_FORMS.get(words[0].lower(), ())


def _conflicting_titles(one: str, other: str) -> bool:
    """Whether two titles before one last name belong to two people."""
    if "miss" in (one, other):
        return bool({one, other} & {"mrs", "lady", "madame"})
    ranks = {one, other} & _RANKS
    return len(ranks) == 2 or (bool(ranks) and "mr" in (one, other))


def _same_first_name(one: str, other: str) -> bool:
    """Whether two first names can be one person's."""
    a, b = one.lower(), other.lower()
    if a == b or b in _PET_FORMS.get(a, ()) or a in _PET_FORMS.get(b, ()):
        return True
    return one.rstrip(".") == other[:1] or other.rstrip(".") == one[:1]


def is_short_for(short: str, long: str) -> bool:
    """Whether one name is another cut down: without a title, or a first or last name alone."""
    title, words = split_title(short)
    long_title, long_words = split_title(long)
    if title and long_title and title != long_title:
        return False
    if not words:
        return bool(title) and title == long_title
    if not long_words or (long_title == "mrs" and not title and words == long_words[-1:]):
        return False
    if words == long_words:
        return True
    if len(words) == 1:
        return words[0] == long_words[-1] or _same_first_name(words[0], long_words[0])
    if len(long_words) < len(words) or words[-1] != long_words[-1]:
        return False
    return _same_first_name(words[0], long_words[0])


def merge_groups(groups: Sequence[set[str]], same: Collection[str]) -> list[set[str]]:
    """The groups of these names merged into one; names that no group has are added to it."""
    wanted = {name.casefold() for name in same}
    matching = [group for group in groups if any(name.casefold() in wanted for name in group)]
    known = {name.casefold() for group in matching for name in group}
    merged = {name for name in same if name.casefold() not in known}.union(*matching)
    return [*([merged] if merged else []), *(group for group in groups if group not in matching)]


def add_titled(groups: Sequence[set[str]], names: Iterable[str]) -> None:
    """ "Mr. Darcy" is Darcy too, unless he is another person or Darcy has another title."""
    taken = set().union(*groups)
    for name in names:
        title, plain = split_title(name)
        fitting = [group for group in groups if any(split_title(n)[1] == plain for n in group)]
        if name in taken or len(fitting) != 1 or title in ("mrs", "miss"):
            continue
        if {split_title(each)[0] for each in fitting[0]} <= {"", title}:
            fitting[0].add(name)


def add_rank_nouns(groups: Sequence[set[str]], counts: Mapping[str, int]) -> None:
    """ "The captain" is Captain Trelawney, unless the book has another captain of weight."""
    holders: dict[str, list[tuple[int, set[str]]]] = {}
    for group in groups:
        ranked: Counter[str] = Counter()
        for name in group:
            title, plain = split_title(name)
            if plain:
                ranked[title] += counts.get(name, 0)
        for title in ranked.keys() & _RANK_NOUNS:
            holders.setdefault(title, []).append((ranked[title], group))
    for title, found in holders.items():
        most, *others = sorted((count for count, _ in found), reverse=True)
        if most >= max(_MIN_RANKED, _DOMINANCE * max(others, default=0)):
            owner = next(group for count, group in found if count == most)
            owner.add(f"the {title}")
