"""The table of rules for plain first-person statements; ``statements`` applies them to clauses.

Each rule matches a complete clause that starts with "I" or "my". A rule that cannot be made
reliable is left out: what no rule reads is still in the turn, and the chat model may read it
(``facts``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from rpterm.memory.distil import values
from rpterm.memory.distil.word_lists import (
    JOBS,
    KIN,
    LANGUAGES,
    PETS,
    PLAYED,
    alternatives,
)
from rpterm.text.calendar_names import MONTHS

_ADV = (
    r"(?:(?:really|also|still|now|currently|actually|just|simply|absolutely|always|truly|even|"
    r"mostly|both|finally|recently|already|personally|officially)\s+)*"
)
_KIN, _PETS, _JOBS = alternatives(KIN), alternatives(PETS), alternatives(JOBS)
_PLAYED, _LANGUAGES, _MONTHS = alternatives(PLAYED), alternatives(LANGUAGES), "|".join(MONTHS)
_BE = r"(?:['’]m|\s+am|['’]ve been|\s+have been)"
_HAVE = r"(?:\s+have(?:\s+got)?|['’]ve\s+got|\s+got|\s+own|\s+keep)"
_PARTNER = r"(?:husband|wife|partner|girlfriend|boyfriend|fianc[eé]e?)"
_COUNT = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d+|several|no)"
_LIKE = r"(?:love|like|adore|enjoy|am fond of|['’]m fond of|am keen on|['’]m keen on)"
_DISLIKE = (
    r"(?:hate|dislike|detest|loathe|can['’]?t stand|cannot stand|can['’]t bear|"
    r"do(?:n['’]t| not) (?:really )?like|am not fond of|['’]m not fond of)"
)
_WILL = (
    r"(?:['’]ll|\s+will|\s+shall|(?:['’]m|['’]re|\s+am|\s+are) (?:gonna|(?:going|planning|hoping) "
    r"to)|\s+(?:plan|hope|intend|mean|promise|have decided|have promised) to|"
    r"['’]ve (?:decided|promised) to)"
)
_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|dawn|dusk|noon|midnight|sunrise|sunset)"
_WHEN = (
    r"(?:tomorrow(?: (?:morning|afternoon|evening|night))?|tonight|"
    r"(?:this|next) (?:evening|afternoon|weekend|week|month|year|spring|summer|autumn|winter)|"
    rf"next {_DAY}|"
    rf"(?:on|at|by|before|after) (?:next )?{_DAY}(?: \w+)?|in the (?:morning|evening)|"
    r"in (?:an?|two|three|four|five|six|a few) (?:minutes|hours?|days|weeks?|months?)|"
    rf"in (?:{_MONTHS}|spring|summer|autumn|winter))"
)
_APPOINTMENT = r"(?:come|go|join|meet|visit|bring|help|attend|travel|leave|return)\b"
GREETING = re.compile(
    r"(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening|day))(?:,? [\w.]+){0,2}",
    re.IGNORECASE,
)
_NAMES = r"(?-i:[A-Z])\w+(?:(?:, | and |, and )(?-i:[A-Z])\w+)*"
_NAMED = (
    r"(?:, | and )(?:(?:h(?:is|er)|its|their|the) names?(?: is| are|['’]s) |"
    r"(?:s?he|it)(?: is|['’]s) called )?"
    rf"(?P<names>{_NAMES})"
)
_DOING = (
    r"(?!(?:going|getting|feeling|looking|thinking|being|trying|having to|doing|putting)\b)\w+ing"
)
Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class FactRule:
    """How to read one kind of statement.

    Attributes:
        slot: What the statement settles: a format string for the groups.
        pattern: A group ``value``, and others that the slot or the text use.
        text: A format string for ``who`` and the groups.
        importance: 0 to 1.
        check: Whether a value is acceptable.
        single: Whether the slot holds one value at a time.
        retracts: Whether the statement takes back an earlier one.
        kin: Whether it is about a relative or a pet of the speaker.
    """

    slot: str
    pattern: re.Pattern[str]
    text: str
    importance: float = 0.5
    check: Check = values.is_thing
    single: bool = False
    retracts: bool = False
    kin: bool = False


def _rule(
    slot: str, pattern: str, text: str, importance: float, check: Check = values.is_thing,
    *, single: bool = False, retracts: bool = False, kin: bool = False,
) -> FactRule:  # fmt: skip
    return FactRule(slot, re.compile(f"^(?:{pattern})$", re.IGNORECASE), text, importance, check,
                 single, retracts, kin)  # fmt: skip


PLAN = "plan"
"""Slot of what somebody said they would do and when; without a time it is only talk."""
MUST_BE_SELF_CONTAINED = frozenset(("taste", "fear", "learns", "owns", "favourite {kin}", PLAN))
"""Slots whose values often mean something only within the conversation: see ``values.resolved``."""


def _is_action(value: str) -> bool:
    """Whether the words begin with an action and say what it is."""
    words = value.split()
    no_action = ("not", "never", "be", "have", "do", "see", "the", "a", "an", "my", "our")
    return 0 < len(words) <= 9 and words[0].islower() and words[0] not in no_action


def _non_empty(value: str) -> bool:
    return bool(value)


RULES: tuple[FactRule, ...] = (
    _rule("name", r"(?:my|the) (?:full |real |first )?name(?:\s+is|['’]s) (?P<value>.+)",
          "{who} is called {value}", 0.9, values.is_name, single=True),
    _rule("name", r"(?:I['’]m|I am) (?:called|named) (?P<value>.+)",
          "{who} is called {value}", 0.9, values.is_name, single=True),
    _rule("name", rf"{GREETING.pattern}, (?:I['’]m|I am) (?P<value>\w+)",
          "{who} is called {value}", 0.9, values.is_own_name, single=True),
    _rule("name", r"(?:I['’]m|I am) (?P<value>\w+(?: [\w'’-]+){1,2})", "{who} is called {value}",
          0.9, values.is_own_name, single=True),
    _rule("name", r"(?:I['’]m|I am) (?P<value>(?-i:[A-Z][a-z]{2,}))", "{who} is called {value}",
          0.9, values.is_own_name, single=True),
    _rule("name", r"(?:(?:you can|everybody|everyone|people|my friends) )?(?:just )?call me "
          r"(?P<value>.+)", "{who} is called {value}", 0.8, values.is_name),
    _rule("name", r"(?:I['’]m|I am|my name(?: is|['’]s)) not (?:really |actually )?(?P<value>\w+)",
          "{who} is not called {value}", 0.7, values.is_own_name, retracts=True),
    _rule("home", rf"I {_ADV}(?:live|reside|am living|have lived) (?P<how>in|at|on|near|by) "
          r"(?P<value>.+)", "{who} lives {how} {value}", 0.8, values.is_place, single=True),
    _rule("home", rf"I['’](?:m|ve) {_ADV}(?:living|lived|settled) (?P<how>in|at|on|near|by) "
          r"(?P<value>.+)", "{who} lives {how} {value}", 0.8, values.is_place, single=True),
    _rule("home", rf"(?:I|I['’]ve|I have) {_ADV}moved (?:house )?(?:back )?to (?P<value>.+)",
          "{who} moved to {value} and lives there", 0.8, values.is_proper, single=True),
    _rule("home", r"I (?:no longer|do(?:n['’]t| not)) live (?P<how>in|at|on) (?P<value>.+)",
          "{who} does not live {how} {value}", 0.7, values.is_place, retracts=True),
    _rule("home before", r"I (?:used to live|lived) (?P<how>in|at|on|near) (?P<value>.+)",
          "{who} used to live {how} {value}", 0.5, values.is_proper),
    _rule("origin", rf"I(?:['’]m| am| come) {_ADV}(?:originally )?from (?P<value>.+)",
          "{who} comes from {value}", 0.7, values.is_proper, single=True),
    _rule("birth", r"I was born (?P<how>in|on|at|near) (?P<value>.+)",
          "{who} was born {how} {value}", 0.7, values.is_proper),
    _rule("childhood", r"I grew up (?P<how>in|on|at|near|with) (?P<value>.+)",
          "{who} grew up {how} {value}", 0.6, values.is_place),
    _rule("age", r"I(?:['’]m| am| turned|['’]ve turned) (?P<value>[\w-]+)(?: years old)?",
          "{who} is {value} years old", 0.6, values.is_age, single=True),
    _rule("birthday", rf"my birthday(?:['’]s| is) (?:on |in )?(?P<value>.*(?:{_MONTHS}|\d).*)",
          "{who}'s birthday is {value}", 0.8, _non_empty, single=True),
    _rule("work", rf"I {_ADV}work as (?P<value>.+)", "{who} works as {value}", 0.7, single=True),
    _rule("work at", rf"I {_ADV}work (?P<how>for|at|in) (?P<value>.+)",
          "{who} works {how} {value}", 0.7, values.is_place, single=True),
    _rule("work", rf"I{_BE} {_ADV}(?P<value>an? (?:[\w-]+ ){{0,2}}{_JOBS}(?: (?:at|for|in|of|from) "
          r".+)?)(?: by (?:trade|profession))?", "{who} is {value}", 0.7, _non_empty, single=True),
    _rule("work", r"I(?:['’]ve| have)? (?:just )?(?P<how>quit|left|lost) (?P<value>my job(?: .+)?)",
          "{who} {how} {value}", 0.7, _non_empty, single=True, retracts=True),
    _rule("work", rf"I {_ADV}drive (?P<value>(?:an? )?(?:taxi|cab|bus|tram|lorry|ambulance)s?)"
          r"(?: .+)?", "{who} drives {value}", 0.7, _non_empty, single=True),
    _rule("work", rf"I{_BE} (?P<value>retired|unemployed|out of work)", "{who} is {value}", 0.7,
          single=True),
    _rule("study", rf"I(?:['’]m| am)? {_ADV}(?:study|studying) (?P<value>.+)",
          "{who} studies {value}", 0.6, single=True),
    _rule("partner", rf"I(?:['’]m| am) {_ADV}(?P<value>(?:(?:happily )?married|engaged)(?: to .+)?|"
          r"divorced|widowed|a widow|a widower)", "{who} is {value}", 0.8, _non_empty, single=True),
    _rule("partner", r"I(?:['’]ve| have)? (?:just )?got (?P<value>(?:married|engaged)(?: to .+)?|"
          r"divorced)", "{who} got {value}", 0.8, _non_empty, single=True),
    _rule("partner", rf"(?=.*\b(?:broke|split) up\b)(?:I (?:just )?(?:broke|split) up with )?"
          rf"my (?P<value>{_PARTNER})\b.*", "{who} and their {value} broke up", 0.8,
          single=True, retracts=True),
    _rule("partner", rf"my (?P<value>{_PARTNER}) (?:has )?(?P<how>left|dumped) me(?:\s.*)?",
          "{who}'s {value} {how} them", 0.8, single=True, retracts=True),
    _rule("kin", rf"(?:I|we){_HAVE} (?P<value>{_COUNT} (?:[\w-]+ ){{0,2}}{_KIN}s?){_NAMED}",
          "{who} has {value}", 0.7, _non_empty),
    _rule("pet", rf"(?:I|we){_HAVE} (?P<value>{_COUNT} (?:[\w-]+ ){{0,2}}{_PETS}s?){_NAMED}",
          "{who} has {value}", 0.7, _non_empty),
    _rule("kin", rf"(?:I|we){_HAVE} (?P<value>{_COUNT} (?:[\w-]+ ){{0,2}}{_KIN}s?"
          r"(?: (?:called|named) .+| (?:who|in) .+)?)", "{who} has {value}", 0.7, _non_empty),
    _rule("kin", rf"I (?:do(?:n['’]t| not) have|have(?:n['’]t| not) got) (?:any )?"
          rf"(?P<value>{_KIN}s?)", "{who} has no {value}", 0.6, _non_empty, retracts=True),
    _rule("kin", r"I(?:['’]m| am) (?P<value>an only child)", "{who} is {value}", 0.6, _non_empty),
    _rule("pet", rf"(?:I|we){_HAVE} (?P<value>{_COUNT} (?:[\w-]+ ){{0,2}}{_PETS}s?"
          r"(?: (?:called|named) .+)?)", "{who} has {value}", 0.6, _non_empty),
    _rule("pet", rf"(?:I|we) keep (?P<value>(?:(?!\w+ing )[\w-]+ )?{_PETS}s)",
          "{who} keeps {value}", 0.6, _non_empty),
    _rule("pet", rf"I (?:do(?:n['’]t| not) have|have(?:n['’]t| not) got) (?:an?|any) "
          rf"(?P<value>{_PETS}s?)", "{who} has no {value}", 0.5, _non_empty, retracts=True),
    _rule("named {kin}", rf"my (?P<kin>(?:[\w-]+ )?(?:{_KIN}|{_PETS})s?)(?:['’]s name is|"
          r"(?: is| are|['’]s) (?:actually )?(?:called|named))(?: actually)? (?P<value>.+)",
          "{who}'s {kin} is called {value}", 0.7, values.is_name, kin=True),
    _rule("home of {kin}", rf"my (?P<kin>(?:[\w-]+ )?{_KIN}(?: [A-Z]\w+)?) (?P<how>lives? (?:in|at|"
          r"near|with)|moved to) (?P<value>.+)", "{who}'s {kin} {how} {value}", 0.6,
          values.is_place, single=True, kin=True),
    _rule("work of {kin}", rf"my (?P<kin>(?:[\w-]+ )?{_KIN}(?: [A-Z]\w+)?) (?P<how>is|works as) "
          rf"(?P<value>an? (?:[\w-]+ )?{_JOBS})", "{who}'s {kin} {how} {value}", 0.5, _non_empty,
          single=True, kin=True),
    _rule("death of {kin}", rf"my (?P<kin>(?:[\w-]+ )?(?:{_KIN}|{_PETS})(?: [A-Z]\w+)?) "
          r"(?P<value>died|passed away|is dead)(?:\s.*)?", "{who}'s {kin} {value}", 0.9, _non_empty,
          single=True, kin=True),
    _rule("named {kin}", rf"my (?P<kin>{_KIN}|{_PETS}),? (?P<value>(?-i:[A-Z][a-z]+))(?:[ ,].*)?",
          "{who}'s {kin} is called {value}", 0.6, values.is_own_name, kin=True),
    _rule("taste", rf"I(?:\s+|(?=['’])){_ADV}{_DISLIKE} (?P<value>.+)", "{who} dislikes {value}",
          0.4),
    _rule("taste", rf"I(?:\s+|(?=['’])){_ADV}{_LIKE} (?P<value>.+)", "{who} likes {value}", 0.4),
    _rule("favourite {kin}", r"my (?:all-time )?favou?rite (?P<kin>[\w ]{3,30}?)(?: is|['’]s) "
          r"(?P<value>.+)", "{who}'s favourite {kin} is {value}", 0.5, single=True),
    _rule("health", r"I(?:['’]m| am) (?:\w+ly )?(?P<value>allergic to .+)", "{who} is {value}", 0.9,
          _non_empty),
    _rule("health", r"I have (?P<value>(?:[\w-]+ )?(?:asthma|diabetes|epilepsy|arthritis|"
          r"migraines|insomnia|anxiety|depression|hay fever))",
          "{who} has {value}", 0.8, _non_empty),
    _rule("trait", rf"I(?:['’]m| am) {_ADV}(?P<value>(?:left|right)[- ]handed|deaf|blind|"
          r"colou?r[- ]?blind|diabetic|asthmatic|epileptic|autistic|dyslexic|pregnant|gay|lesbian|"
          r"bisexual|trans(?:gender)?|non-?binary|adopted|an orphan|sober)",
          "{who} is {value}", 0.7, _non_empty),
    _rule("diet", rf"I(?:['’]m| am) {_ADV}(?:an? )?(?P<value>vegetarian|vegan|pescatarian|coeliac|"
          r"teetotal(?:ler)?|lactose intolerant)",
          "{who} is {value}", 0.8, _non_empty, single=True),
    _rule("diet", r"I (?:do(?:n['’]t| not)|never) (?P<how>eat|drink|smoke)(?P<value>(?: .+)?)",
          "{who} does not {how}{value}", 0.6, lambda v: not v or values.is_thing(v)),
    _rule("fear", r"I(?:['’]m| am) (?:\w+ly |very |really |so )?(?:afraid|scared|terrified|"
          r"frightened) of (?P<value>.+)", "{who} is afraid of {value}", 0.6),
    _rule("speaks", rf"I {_ADV}speak (?:(?:fluent|some|a little|a bit of) )?(?P<value>{_LANGUAGES}"
          rf"(?:(?:,| and|, and) {_LANGUAGES})*)", "{who} speaks {value}", 0.5, _non_empty),
    _rule("plays", rf"I {_ADV}play (?P<value>(?:the )?(?:[\w-]+ )?{_PLAYED})(?: .+)?",
          "{who} plays {value}", 0.5, _non_empty),
    _rule("learns", rf"I(?:['’]m| am) {_ADV}learning (?P<value>(?:to |how to )?.+)",
          "{who} is learning {value}", 0.5, lambda v: len(v.split()) <= 6),
    _rule(PLAN, rf"(?:I|we)(?:['’]m|['’]re| am| are) going to (?P<value>(?-i:[A-Z]).*?|"
          rf"(?:the|my) .+?) (?P<when>{_WHEN})(?:[ ,].+)?",
          "{who} said they would go to {value} {when}", 0.7),
    _rule(PLAN, rf"(?:I|we)(?:['’]m|['’]re| am| are) going to (?P<value>\w+) (?P<when>{_WHEN})"
          r"(?:[ ,].+)?", "{who} said they were going to {value} {when}", 0.7, _is_action),
    _rule(PLAN, rf"(?:I|we){_WILL} (?P<value>.+?) (?P<when>{_WHEN})(?:[ ,].+)?",
          "{who} said they would {value} {when}", 0.7, _is_action),
    _rule(PLAN, rf"(?P<when>{_WHEN}),? (?:I|we)(?:['’]m|['’]re| am| are) going to "
          r"(?P<value>(?-i:[A-Z]).*|(?:the|my) .+)", "{who} said they would go to {value} {when}",
          0.7),
    _rule(PLAN, rf"(?P<when>{_WHEN}),? (?:I|we){_WILL} (?P<value>.+)",
          "{who} said they would {value} {when}", 0.7, _is_action),
    _rule(PLAN, rf"(?:I|we)(?:['’]m|['’]re| am| are) (?:also )?(?P<value>{_DOING} .+?) "
          rf"(?P<when>{_WHEN})(?:[ ,].+)?", "{who} said they were {value} {when}", 0.6, _is_action),
    _rule(PLAN, rf"(?P<when>{_WHEN}),? (?:I|we)(?:['’]m|['’]re| am| are) (?P<value>{_DOING} .+)",
          "{who} said they were {value} {when}", 0.6, _is_action),
    _rule(PLAN, rf"I(?:['’]ve got| have| need) to (?P<value>.+?) (?P<when>{_WHEN})(?:[ ,].+)?",
          "{who} said they have to {value} {when}", 0.7, _is_action),
    _rule(PLAN, rf"I(?:['’]ve got| have) (?P<value>an? .+?) (?P<when>{_WHEN})(?:[ ,].+)?",
          "{who} said they had {value} {when}", 0.6),
    _rule(PLAN, rf"my (?P<value>[\w' -]+?) is (?P<when>{_WHEN})", "{who}'s {value} is {when}", 0.6),
    _rule(PLAN, rf"I (?:can['’]?t|cannot) (?P<value>{_APPOINTMENT}.*?) (?P<when>{_WHEN})(?: .+)?",
          "{who} said they could not {value} {when}", 0.7, _is_action, retracts=True),
    _rule(PLAN, r"I(?:['’]m not going to| am not going to| won['’]t| (?:will|shall) not) "
          r"(?P<value>.+?) (?:after all|any ?more|any longer)", "{who} said they would not {value}",
          0.7, _is_action, retracts=True),
    _rule("owns", r"I (?:own|drive) (?P<value>an? .+)", "{who} has {value}", 0.5),
)  # fmt: skip
