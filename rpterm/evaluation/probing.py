"""Runs a card's ``[[test]]`` tables as scripted probes through a real session, and checks replies.

Every trial is a chat of its own in a temporary database: the greeting, the user's lines, and checks
of the last reply. Probes of one line decode their seeds in batches. A check that cannot be judged
here is *skipped*, and a skipped check never counts as passed. Knows no user interface.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rpterm.cards.card import CharacterCard, Probe
from rpterm.cards.lore.keys import normalize
from rpterm.cards.lore.patterns import PatternError, compile_pattern
from rpterm.chat.events import ReplyCancelled, ReplyFailed, ReplyFinished, SessionEvent
from rpterm.chat.request import ReplyRequest
from rpterm.chat.session import Session
from rpterm.chat.tree import begin_chat
from rpterm.config import Settings
from rpterm.engine.protocol import Engine
from rpterm.errors import RptermError
from rpterm.prompt.oneshot import ask
from rpterm.store import Store
from rpterm.text.unspaced import whole_words
from rpterm.types import History, Sampling, Turn

Kind = Literal["contains", "not_contains", "regex", "score_above", "judge", "reply"]
Scorer = Callable[[CharacterCard, History, str], float]
"""The consistency of a reply, 0 to 1, from the card, the history and the reply. If it raises an
``RptermError``, the check is skipped with its message as the reason."""

NO_SCORE = "consistency scoring is not available here"
NO_CHECK = "the test has no checks"
JUDGE = (
    "You check one reply of a role-play against one question. Answer with yes or no and nothing "
    "else."
)
_JUDGE_SAMPLING = Sampling(
    seed=0, temperature=0.0, max_tokens=4, grammar='root ::= "yes" | "no"\n',
    dry_multiplier=0.0, repeat_penalty=1.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProbeCheck:
    """One check of a reply.

    Attributes:
        what: The text, pattern, bound or question.
        passed: ``None`` if it was skipped.
        why: Why it failed or was skipped, or details.
    """

    kind: Kind
    what: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a probe with one seed.

    Attributes:
        reply: The character's last reply, "" if there is none.
        history: The turns before it.
    """

    seed: int
    reply: str
    checks: tuple[ProbeCheck, ...]
    history: History = ()

    @property
    def passed(self) -> bool | None:
        """Whether all checks passed, apart from skipped ones; ``None`` if all were skipped."""
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
        """Why checks were skipped, each reason once."""
        checks = (check for trial in self.trials for check in trial.checks)
        return tuple(dict.fromkeys(check.why for check in checks if check.passed is None))


@dataclass(frozen=True, slots=True)
class ProbeSetup:
    """What probes are run with.

    Attributes:
        engine: The model that plays the character.
        settings: Its settings.
        judge: The model for yes-or-no questions; ``None`` skips them.
        scorer: Computes consistency scores; ``None`` skips them.
        flagged: Names of samplers for which the settings take precedence over the card.
    """

    engine: Engine
    settings: Settings
    judge: Engine | None = None
    scorer: Scorer | None = None
    flagged: frozenset[str] = frozenset()


def run(
    card: CharacterCard,
    bench: ProbeSetup,
    seeds: Sequence[int],
    *,
    probes: Sequence[Probe] | None = None,
    on_trial: Callable[[str, Trial], None] | None = None,
) -> list[ProbeResult]:
    """Run probes against a card.

    Args:
        card: The character.
        bench: Engine and settings.
        seeds: Each probe runs once with each seed.
        probes: Probes to run instead of the card's own, to compare two cards by the same ones.
        on_trial: Called with the probe's name and each finished trial.

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


class _SingleTurnSession(Session):
    """A session that prepares nothing for a next turn, because there is none."""

    def settle_cache(self) -> None:
        pass


def _trials(
    card: CharacterCard, probe: Probe, bench: ProbeSetup, seeds: Sequence[int], store: Store
) -> Iterator[Trial]:
    """One trial for each seed; probes of one line decode several seeds in a batch."""
    info = bench.engine.load()
    size = max(info.sequences, 1) if len(probe.user) == 1 else 1
    for start in range(0, len(seeds), size):
        batch = seeds[start : start + size]
        replies, problem = _talk(card, probe, bench, batch, store)
        for index, seed in enumerate(batch):
            turn = replies.get(index)
            if turn is None:
                failed = ProbeCheck(
                    "reply", "a reply", False, problem or "the model produced no text"
                )
                yield Trial(seed, "", (failed,))
                continue
            history = _history(store, turn)
            checks = tuple(_checks(card, probe, bench, turn.text, history))
            checks = checks or (ProbeCheck("reply", "", None, NO_CHECK),)
            yield Trial(seed, turn.text, checks, history)


def _history(store: Store, reply: Turn) -> History:
    """The turns before a reply: the greeting, the user's lines and the replies between them."""
    *path, _ = store.path(reply.id)
    return tuple((turn.role == "assistant", turn.text) for turn in path)


def _talk(
    card: CharacterCard, probe: Probe, bench: ProbeSetup, seeds: Sequence[int], store: Store
) -> tuple[dict[int, Turn], str]:
    """The last replies by the index of their seed, and why some are missing."""
    chat = begin_chat(store, card, "", card.user(bench.settings.persona))
    session = _SingleTurnSession(
        store, bench.engine, card, chat, bench.settings, flagged=bench.flagged
    )
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
    try:
        with closing(session.reply(request)) as events:
            yield from events
    except RptermError as error:
        yield ReplyFailed(str(error))


# Checks --------------------------------------------------------------------------------------
def _checks(
    card: CharacterCard, probe: Probe, bench: ProbeSetup, reply: str, history: History
) -> Iterator[ProbeCheck]:
    for text in probe.contains:
        found = condition_holds(text, reply)
        yield ProbeCheck("contains", text, found, "" if found else "it is not in the reply")
    for text in probe.not_contains:
        found = condition_holds(text, reply)
        yield ProbeCheck("not_contains", text, not found, "it is in the reply" if found else "")
    if probe.regex:
        yield _check_regex(probe.regex, reply)
    if probe.score_above is not None:
        yield _check_score(card, history, probe.score_above, bench.scorer, reply)
    if probe.judge:
        yield _check_judge(card, probe, bench.judge, reply)


def condition_holds(text: str, reply: str) -> bool:
    """Whether a reply contains a text as whole words.

    A text in lower case matches any case; a text with a capital letter matches only that case.
    Differences in spaces and kinds of apostrophes are ignored.
    """
    fold_case = text == text.lower()
    pattern = normalize(text, fold_case)
    return re.search(whole_words(pattern), normalize(reply, fold_case)) is not None


def _check_regex(pattern: str, reply: str) -> ProbeCheck:
    try:
        found = compile_pattern(pattern).search(reply) is not None
    except PatternError as error:
        return ProbeCheck("regex", pattern, None, f"the pattern is not valid: {error}")
    return ProbeCheck("regex", pattern, found, "" if found else "the reply does not match")


def _check_score(
    card: CharacterCard, history: History, bound: float, scorer: Scorer | None, reply: str
) -> ProbeCheck:
    if scorer is None:
        return ProbeCheck("score_above", str(bound), None, NO_SCORE)
    try:
        score = scorer(card, history, reply)
    except RptermError as error:
        return ProbeCheck("score_above", str(bound), None, f"there is no score: {error}")
    return ProbeCheck("score_above", str(bound), score >= bound, f"the score is {score:.2f}")


def _check_judge(card: CharacterCard, probe: Probe, judge: Engine | None, reply: str) -> ProbeCheck:
    if judge is None:
        return ProbeCheck("judge", probe.judge, None, "there is no judge")
    question = (
        f"The user said: {probe.user[-1]}\n\n{card.char} replied: {reply}\n\n"
        f"Question about the reply: {probe.judge}"
    )
    try:
        answer = ask(judge, JUDGE, question, _JUDGE_SAMPLING)
    except RptermError as error:
        return ProbeCheck("judge", probe.judge, None, f"the judge failed: {error}")
    words = re.findall(r"[a-z]+", answer.casefold())
    if not words or words[0] not in ("yes", "no"):
        return ProbeCheck("judge", probe.judge, None, "the judge said neither yes nor no")
    return ProbeCheck("judge", probe.judge, words[0] == "yes", f"the judge said {words[0]}")
