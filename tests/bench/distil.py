"""Precision and recall of the facts extracted from turns, by rules and by a model.

    python tests/bench/distil.py [--held | --accounts] [--rules] [--model FILE] [--answers FILE]

Without ``--model`` the starter model is used; rules need no model. The model's lines are counted
before and after they are checked against the turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from distil_turns import CHATS, HELD, LIVES, SEEN, Case

from rpterm.engine.llama import LlamaEngine, ModelOptions
from rpterm.memory.distil import facts, reflect, summary
from rpterm.memory.distil.statements import statements
from rpterm.memory.indexing.words import terms
from rpterm.models.starter import llm_path
from rpterm.prompt.oneshot import Ask, Message, background_asker
from rpterm.prompt.template import ChatTemplate
from rpterm.store.memory.read_turns import SourceTurn
from rpterm.text.sentences import sentences

SPEAKER = "Ann"
_NEGATORS = {"not", "no", "never", "can't"}


def right(fact: str, expected: Sequence[str]) -> bool:
    """Whether a fact has only words of one expected sentence, and the same negation."""
    return any(set(terms(fact)) <= set(terms(each)) and _denies(fact) == _denies(each)
               for each in expected)  # fmt: skip


def _denies(text: str) -> bool:
    words = set(text.lower().replace("does not", "not").split())
    return bool(words & _NEGATORS) or "dislikes" in words


def by_rules(cases: Sequence[Case]) -> dict[str, object]:
    """Count what the rules find."""
    found = [(s.text, text, right(s.text, expected)) for text, expected in cases
             for s in statements(text, SPEAKER)]  # fmt: skip
    reached = sum(
        any(right(s.text, [each]) for s in statements(text, SPEAKER))
        for text, expected in cases for each in expected
    )  # fmt: skip
    wanted = sum(len(expected) for _, expected in cases)
    return _figures(found, len(found)) | {"expected": wanted, "found": reached}


def kept_answers(path: Path, ask: Callable[[], Ask]) -> Ask:
    """A cache of the model's answers in a file, so that the check can be evaluated again."""
    known = json.loads(path.read_text()) if path.exists() else {}

    def answer(messages: Sequence[Message], grammar: str, most: int) -> str | None:
        key = messages[-1][1]
        if key not in known:
            known[key] = ask()(messages, grammar, most)
            path.write_text(json.dumps(known, indent=1))
        text: str | None = known[key]
        return text

    return answer


def by_model(cases: Sequence[Case], ask: Ask) -> dict[str, object]:
    """Count what the model writes, and what of it passes the check."""
    kept, raw, unchecked = [], 0, 0
    began = time.perf_counter()
    for text, expected in cases:
        for line in facts.read(text, SPEAKER, statements(text, SPEAKER), ask) or []:
            raw += 1
            unchecked += right(line.text, expected)
            if line.fact is not None:
                kept.append((line.text, text, right(line.text, expected)))
    seconds = (time.perf_counter() - began) / len(cases)
    more = {"right_unchecked": unchecked, "seconds_a_turn": round(seconds, 2)}
    return _figures(kept, raw) | more


def accounts(ask: Ask) -> dict[str, object]:
    """How much of summaries and reflections passes the check; a reader must judge the content."""
    answers: list[str] = []

    def recorded(messages: Sequence[Message], grammar: str, most: int) -> str | None:
        answer = ask(messages, grammar, most)
        answers.append(answer or "")
        return answer

    summaries = [
        summary.write([SourceTurn(0, 0, "user", who, text, 0.0) for who, text in chat], recorded)
        for chat in CHATS
    ]
    written = sum(len(sentences(answer)) for answer in answers)
    answers.clear()
    thoughts = [reflect.think(life, SPEAKER, recorded) or [] for life in LIVES]
    return {
        "sentences": written,
        "sentences_kept": sum(len(sentences(text or "")) for text in summaries),
        "thoughts": sum(len(answer.splitlines()) for answer in answers[1::2]),
        "thoughts_kept": sum(map(len, thoughts)),
        "lines": [*(text for text in summaries if text),
                  *(f"{t.text} {t.cites}" for found in thoughts for t in found)],
    }  # fmt: skip


def _figures(kept: list[tuple[str, str, bool]], raw: int) -> dict[str, object]:
    good = sum(ok for _, _, ok in kept)
    return {
        "written": raw,
        "kept": len(kept),
        "right": good,
        "precision": round(good / len(kept), 3) if kept else None,
        "lines": [{"fact": fact, "turn": turn, "right": ok} for fact, turn, ok in kept],
    }


def _asker(given: argparse.Namespace) -> Ask:
    engine = LlamaEngine(ModelOptions(given.model or llm_path(), context=1024))
    info = engine.load()
    template = ChatTemplate(info.chat_template, bos=info.bos, eos=info.eos)
    return background_asker(engine, template)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--rules", action="store_true", help="only the rules")
    parser.add_argument("--accounts", action="store_true", help="only summaries and reflections")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--answers", type=Path, help="a file that keeps the model's answers")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.accounts:
        sys.stdout.write(json.dumps(accounts(_asker(given)), indent=2) + "\n")
        return
    cases = HELD if given.held else SEEN
    report = {"turns": len(cases), "rules": by_rules(cases)}
    if not given.rules:
        with tempfile.TemporaryDirectory() as folder:
            answers = given.answers or Path(folder) / "answers.json"
            report["model"] = by_model(cases, kept_answers(answers, cache(partial(_asker, given))))
    out = json.dumps(report, indent=2) if given.json else "\n".join(_lines(report))
    sys.stdout.write(out + "\n")


def _lines(report: dict[str, object]) -> list[str]:
    lines = [f"{report['turns']} turns"]
    for name in ("rules", "model"):
        figures = report.get(name)
        if isinstance(figures, dict):
            lines.append(f"{name}: " + ", ".join(
                f"{key} {value}" for key, value in figures.items() if key != "lines"))  # fmt: skip
            for each in figures["lines"]:
                mark = "ok   " if each["right"] else "WRONG"
                lines.append(f"  {mark} {each['fact']}   <- {each['turn']}")
    return lines


if __name__ == "__main__":
    main()
