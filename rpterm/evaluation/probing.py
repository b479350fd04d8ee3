"""Scripted probes of a card: its ``[[test]]`` tables, run through a real session, judged, counted.

Every trial is a chat of its own in a database that is thrown away: greeting, the user's lines, and
what must hold of the last reply. One-line probes decode all their seeds in one batch. It knows no
front end. What nobody can judge here is *skipped*, and what is skipped never counts as passed.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from rpterm.asking import ask
from rpterm.cards.card import CharacterCard, Probe
from rpterm.cards.lore.keys import normalize
from rpterm.cards.patterns import PatternError, compile_pattern
from rpterm.chat.events import ReplyCancelled, ReplyFailed, ReplyFinished, SessionEvent
from rpterm.chat.session import ReplyRequest, Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import Engine
from rpterm.store import Store
from rpterm.types import History, RptermError, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import Generator

Kind = Literal["contains", "not_contains", "regex", "score_above", "judge", "reply"]
Scorer = Callable[[CharacterCard, History, str], float]
"""Consistency of a reply, 0 to 1, from the card, what was said before and the reply; may raise an
``RptermError``, then the check is skipped and says why."""

NO_SCORE = "consistency scoring is not available here"
NO_CHECK = "the test says nothing that must hold"
JUDGE = (
    "You check one reply of a role-play against one question. Answer with yes or no and nothing "
    "else."
)
_JUDGE_SAMPLING = Sampling(
    seed=0, temperature=0.0, max_tokens=4, grammar='root ::= "yes" | "no"\n',
    dry_multiplier=0.0, repeat_penalty=1.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; ``passed`` is ``None`` where it was skipped, and ``why`` says it.

    Attributes:
        what: The text, pattern, bound or question.
    """

    kind: Kind
    what: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one probe.

    Attributes:
        reply: What the character said last, "" when nothing.
        said: What was said before it.
    """

    seed: int
    reply: str
    checks: tuple[Check, ...]
    said: History = ()

    @property
    def passed(self) -> bool | None:
        """Whether everything that was judged held; ``None`` when nothing was judged."""
        judged = [check.passed for check in self.checks if check.passed is not None]
        return all(judged) if judged else None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """All trials of one probe."""

    name: str
    probe: Probe
    trials: tuple[Trial, ...]

    @property
    def passes(self) -> int:
        return sum(trial.passed is True for trial in self.trials)

    @property
    def failures(self) -> int:
        return sum(trial.passed is False for trial in self.trials)

    @property
    def judged(self) -> int:
        """Trials that passed or failed."""
        return self.passes + self.failures

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why something was not judged, each reason once."""
        checks = (check for trial in self.trials for check in trial.checks)
        return tuple(dict.fromkeys(check.why for check in checks if check.passed is None))


@dataclass(frozen=True, slots=True)
class Bench:
    """What the probes are run with.

    Attributes:
        judge: Answers yes-or-no questions; ``None`` skips them.
        scorer: Gives consistency scores; ``None`` skips them.
        flagged: Names of samplers that the settings decide, whatever the card says.
    """

    engine: Engine
    settings: Settings
    judge: Engine | None = None
    scorer: Scorer | None = None
    flagged: frozenset[str] = frozenset()


def run(
    card: CharacterCard,
    bench: Bench,
    seeds: Sequence[int],
    *,
    probes: Sequence[Probe] | None = None,
    on_trial: Callable[[str, Trial], None] | None = None,
) -> list[ProbeResult]:
    """Run probes against a card.

    Args:
        seeds: One trial of each probe for each.
        probes: Other ones than the card's own, to compare two cards by the same.
        on_trial: Told each trial as it ends, with the probe's name.

    Raises:
        RptermError: The model cannot be used.
    """
    bench.engine.load()
    results = []
    with tempfile.TemporaryDirectory(prefix="rpterm-probes-") as folder:
        store = Store(Path(folder) / "probes.db")
        try:
            for number, probe in enumerate(card.tests if probes is None else probes, 1):
                name = probe.name or f"test {number}"
                trials = []
                for trial in _trials(card, probe, bench, seeds, store):
                    trials.append(trial)
                    if on_trial:
                        on_trial(name, trial)
                results.append(ProbeResult(name, probe, tuple(trials)))
        finally:
            store.close()
    return results


class _Quiet(Session):
    """A session that evaluates nothing for a next turn that never comes."""

    def settle(self) -> None:
        pass


def _trials(
    card: CharacterCard, probe: Probe, bench: Bench, seeds: Sequence[int], store: Store
) -> Iterator[Trial]:
    """One trial for each seed; those of one-line probes come from batches."""
    info = bench.engine.load()
    size = max(info.sequences, 1) if len(probe.user) == 1 else 1
    for start in range(0, len(seeds), size):
        batch = seeds[start : start + size]
        replies, problem = _talk(card, probe, bench, batch, store)
        for index, seed in enumerate(batch):
            turn = replies.get(index)
            if turn is None:
                silent = Check("reply", "a reply", False, problem or "the model said nothing")
                yield Trial(seed, "", (silent,))
                continue
            said = _before(store, turn)
            checks = _judged(card, probe, bench, turn.text, said)
            yield Trial(seed, turn.text, checks, said)


def _before(store: Store, reply: Turn) -> History:
    """The whole path to a reply: the greeting, the user's lines and the replies between them."""
    *path, _ = store.path(reply.id)
    return tuple((turn.role == "assistant", turn.text) for turn in path)


def _talk(
    card: CharacterCard, probe: Probe, bench: Bench, seeds: Sequence[int], store: Store
) -> tuple[dict[int, Turn], str]:
    """The last replies by the place of their seed, and why one is missing."""
    chat = begin_chat(store, card, "", card.user(bench.settings.persona))
    session = _Quiet(store, bench.engine, card, chat, bench.settings, flagged=bench.flagged)
    replies: dict[int, Turn] = {}
    problem = ""
    for line in probe.user:
        replies, problem = {}, ""
        for event in _events(session, ReplyRequest(text=line, seeds=tuple(seeds))):
            if isinstance(event, ReplyFinished | ReplyCancelled):
                replies[event.index] = event.turn
            elif isinstance(event, ReplyFailed):
                problem = event.message
        if not replies:
            break
    return replies, problem


def _events(session: Session, request: ReplyRequest) -> Iterator[SessionEvent]:
    stream = cast("Generator[SessionEvent, None, None]", session.reply(request))
    try:
        with closing(stream):
            yield from stream
    except RptermError as error:
        yield ReplyFailed(str(error))


# What must hold ------------------------------------------------------------------------------
def _judged(
    card: CharacterCard, probe: Probe, bench: Bench, reply: str, said: History
) -> tuple[Check, ...]:
    checks = tuple(_checks(card, probe, bench, reply, said))
    return checks or (Check("reply", "", None, NO_CHECK),)


def _checks(
    card: CharacterCard, probe: Probe, bench: Bench, reply: str, said: History
) -> Iterator[Check]:
    for text in probe.contains:
        there = holds(text, reply)
        yield Check("contains", text, there, "" if there else "it is not in the reply")
    for text in probe.not_contains:
        there = holds(text, reply)
        yield Check("not_contains", text, not there, "it is in the reply" if there else "")
    if probe.regex:
        yield _regex(probe.regex, reply)
    if probe.score_above is not None:
        yield _score(card, said, probe.score_above, bench.scorer, reply)
    if probe.judge:
        yield _verdict(card, probe, bench.judge, reply)


def holds(text: str, reply: str) -> bool:
    """Whether a text is in a reply, as whole words.

    Small letters match capital ones too; a text with a capital letter matches only as it is.
    Spaces and kinds of apostrophes do not matter.
    """
    fold = text == text.lower()
    wanted = normalize(text, fold)
    start = r"(?<!\w)" if wanted[:1].isalnum() else ""
    end = r"(?!\w)" if wanted[-1:].isalnum() else ""
    return re.search(start + re.escape(wanted) + end, normalize(reply, fold)) is not None


def _regex(pattern: str, reply: str) -> Check:
    try:
        found = compile_pattern(pattern).search(reply) is not None
    except PatternError as error:
        return Check("regex", pattern, None, f"the pattern is not valid: {error}")
    return Check("regex", pattern, found, "" if found else "the reply does not match")


def _score(
    card: CharacterCard, said: History, bound: float, scorer: Scorer | None, reply: str
) -> Check:
    if scorer is None:
        return Check("score_above", str(bound), None, NO_SCORE)
    try:
        score = scorer(card, said, reply)
    except RptermError as error:
        return Check("score_above", str(bound), None, f"there is no score: {error}")
    return Check("score_above", str(bound), score >= bound, f"the score is {score:.2f}")


def _verdict(card: CharacterCard, probe: Probe, judge: Engine | None, reply: str) -> Check:
    if judge is None:
        return Check("judge", probe.judge, None, "there is no judge")
    question = (
        f"The user said: {probe.user[-1]}\n\n{card.char} replied: {reply}\n\n"
        f"Question about the reply: {probe.judge}"
    )
    try:
        words = re.findall(r"[a-z]+", ask(judge, JUDGE, question, _JUDGE_SAMPLING).casefold())
    except RptermError as error:
        return Check("judge", probe.judge, None, f"the judge failed: {error}")
    if not words or words[0] not in ("yes", "no"):
        return Check("judge", probe.judge, None, "the judge said neither yes nor no")
    return Check("judge", probe.judge, words[0] == "yes", f"the judge said {words[0]}")
