"""Counts tokens by a model's own vocabulary, without its weights.

The vocabulary is loaded in a small process of its own: like the engine's worker it may fall to a
bad file without taking the program along, and it counts while the caller does something else. It
knows texts and numbers, no chats. The process is ``python -m rpterm.engine.llama.vocab FILE``: one
JSON line in (``{"texts": […], "special": true}``), one line of numbers out.

llama.cpp takes a quarter of a millisecond for a paragraph with some vocabularies, because it cuts
texts into words by slow expressions, and a tenth of that for a single word. Vocabularies of the BPE
kind never join two words across a space between small letters, so such words are counted once, all
new ones of a job in one call, and remembered; the others count whole texts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence, Set
from itertools import accumulate, pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from rpterm.engine.protocol import EngineError, ModelError


class Vocabulary:
    """A vocabulary that counts; close it, or use it as a context."""

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            ModelError: The file cannot be loaded.
        """
        self.path = path
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="ascii",
        )
        try:
            said = self._read()
        except EngineError as error:
            self.close()
            raise ModelError(f"llama.cpp cannot load {path}: the file is damaged.") from error
        if "error" in said:
            self.close()
            raise ModelError(said["error"])

    def __enter__(self) -> Vocabulary:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def counts(self, texts: Sequence[str], *, special: bool = False) -> list[int]:
        """Tokens of each text on its own.

        Args:
            special: Control tokens written in the text (``<|im_end|>``) count as one token each.

        Raises:
            EngineError: The process ended.
        """
        self.ask(texts, special=special)
        return self.answer()

    def ask(self, texts: Sequence[str], *, special: bool = False) -> None:
        """Send texts without waiting; exactly one ``answer`` must follow before the next ``ask``.

        Raises:
            EngineError: The process ended.
        """
        try:
            pipe = _open(self._process.stdin)
            pipe.write(json.dumps({"texts": list(texts), "special": special}) + "\n")
            pipe.flush()
        except OSError as error:
            raise EngineError(_ENDED) from error

    def answer(self) -> list[int]:
        """The numbers of what was asked last.

        Raises:
            EngineError: The process ended.
        """
        counts: list[int] = self._read()["counts"]
        return counts

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # it ended before it read everything
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict[str, Any]:
        line = _open(self._process.stdout).readline()
        if not line:
            raise EngineError(_ENDED)
        said: dict[str, Any] = json.loads(line)
        return said


_ENDED = "The process that counts tokens ended; run the command again."


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def main() -> None:
    """Count for the parent until its pipe closes."""
    path = Path(sys.argv[1])
    try:
        vocab, lib, model = _load(path)
    except ModelError as error:
        _say({"error": str(error)})
        return
    _say({"tokens": lib.llama_vocab_n_tokens(vocab)})
    count = Counter(lib, vocab)
    for line in sys.stdin:
        job = json.loads(line)
        _say({"counts": count(job["texts"], job["special"])})
    lib.llama_model_free(model)


class Counter:
    """Counts by words where that is exact, else by whole texts."""

    def __init__(self, lib: Any, vocab: Any) -> None:
        self._lib, self._vocab = lib, vocab
        self._firsts: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._known: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._widths: dict[int, int] = {}
        self.by_words = lib.llama_vocab_type(vocab) == lib.LLAMA_VOCAB_TYPE_BPE and all(
            self._by_words([text], False) == [self.whole(text, False)] for text in _CANARIES
        )

    def __call__(self, texts: Sequence[str], special: bool) -> list[int]:
        """Tokens of each text on its own."""
        if self.by_words:
            return self._by_words(texts, special)
        return [self.whole(text, special) for text in texts]

    def whole(self, text: str, special: bool) -> int:
        """Tokens of a text, asked of llama.cpp."""
        raw = text.encode("utf-8", "replace")
        # Without room for them, the answer is minus how many there are.
        many = self._lib.llama_tokenize(self._vocab, raw, len(raw), None, 0, False, special)
        return abs(int(many))

    def _by_words(self, texts: Sequence[str], special: bool) -> list[int]:
        cut = [_BETWEEN_WORDS.split(text) for text in texts]
        firsts, known = self._firsts[special], self._known[special]
        if len(firsts) + len(known) > _KEPT:
            firsts.clear()
            known.clear()
        for first, *_ in cut:
            if first not in firsts:
                firsts[first] = self.whole(first, special)
        self._learn({word for _, *rest in cut for word in rest if word not in known}, special)
        return [firsts[first] + sum(map(known.__getitem__, rest)) for first, *rest in cut]

    def _learn(self, words: Set[str], special: bool) -> None:
        """Count words that follow a space: those that end as words do in one call together."""
        known = self._known[special]
        together = [word for word in words if word[-1] in _ENDS]
        for at in range(0, len(together), _AT_ONCE):
            some = together[at : at + _AT_ONCE]
            known.update(zip(some, self._together(some, special), strict=False))
        for word in words:
            if word not in known:
                known[word] = self.whole(f" {word}", special)

    def _together(self, words: Sequence[str], special: bool) -> list[int]:
        """Tokens of each word, told apart by their bytes; nothing where a token spans two words."""
        raws = [f" {word}".encode("utf-8", "replace") for word in words]
        ends = list(accumulate(map(len, raws)))
        room = (self._lib.llama_token * ends[-1])()
        many = self._lib.llama_tokenize(
            self._vocab, b"".join(raws), ends[-1], room, len(room), False, special
        )
        upto = list(accumulate(map(self._width, room[: max(0, many)])))
        places = {end: at for at, end in enumerate(upto, start=1)}
        if not upto or upto[-1] != ends[-1] or not places.keys() >= set(ends):
            return []
        marks = [0, *(places[end] for end in ends)]
        return [after - before for before, after in pairwise(marks)]

    def _width(self, token: int) -> int:
        """Bytes that a token stands for."""
        if token not in self._widths:
            # As above: minus how many bytes there would be.
            size = self._lib.llama_token_to_piece(self._vocab, token, None, 0, 0, True)
            self._widths[token] = abs(int(size))
        return self._widths[token]


_BETWEEN_WORDS = re.compile(" (?=[a-z0-9])(?<=[a-z,.] )")
_ENDS = frozenset("abcdefghijklmnopqrstuvwxyz,.")
_KEPT = 200_000
_AT_ONCE = 500
_CANARIES = (
    "the hound of the moor, a lamp and her violin weren't said to be in it",
    "naïve über cafés at 221b baker street;  two  spaces\nand a line *she nods* and goes",
)


def _load(path: Path) -> tuple[Any, Any, Any]:
    from rpterm.engine.llama.binding import lib, log_to_stderr, recent
    from rpterm.engine.llama.weights import check_file, load_failure

    check_file(path)
    log_to_stderr()
    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise ModelError(load_failure(path, "".join(recent)))
    return lib.llama_model_get_vocab(model), lib, model


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
