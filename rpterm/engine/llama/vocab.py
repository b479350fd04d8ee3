"""Counts tokens with a model's own vocabulary, without loading its weights.

The vocabulary is loaded in a small process, ``python -m rpterm.engine.llama.vocab FILE``. Like the
engine's worker it may crash on a bad file without taking the program down, and it counts while the
caller does something else. For each JSON line it reads (``{"texts": […], "special": true}``) it
writes one line of counts. It knows texts and numbers, no chats.

With some vocabularies llama.cpp takes a quarter of a millisecond for a paragraph, because slow
regular expressions split the text into words, and a tenth of that for a single word. BPE
vocabularies never merge two words across a space between lowercase letters, so such words are
counted once, all new ones of a request in one call, and cached. Other vocabularies count whole
texts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence, Set
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO, Any

from rpterm.engine.protocol import EngineError, ModelError


class Vocabulary:
    """Counts tokens in a child process; close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Start the process and load the vocabulary.

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
            answer = self._read()
        except EngineError as error:
            self.close()
            raise ModelError(f"llama.cpp cannot load {path}: the file is damaged.") from error
        if "error" in answer:
            self.close()
            raise ModelError(answer["error"])

    def __enter__(self) -> Vocabulary:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def counts(self, texts: Sequence[str], *, special: bool = False) -> list[int]:
        """How many tokens each text has on its own.

        Args:
            special: Whether control tokens in the text (``<|im_end|>``) count as one token each.

        Raises:
            EngineError: The process ended.
        """
        self.ask(texts, special=special)
        return self.answer()

    def ask(self, texts: Sequence[str], *, special: bool = False) -> None:
        """Send texts without waiting; call ``answer`` exactly once before the next ``ask``.

        Raises:
            EngineError: The process ended.
        """
        try:
            pipe = _not_none(self._process.stdin)
            pipe.write(json.dumps({"texts": list(texts), "special": special}) + "\n")
            pipe.flush()
        except OSError as error:
            raise EngineError(_ENDED) from error

    def answer(self) -> list[int]:
        """The counts for the last ``ask``.

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
                    continue  # It ended before it had read everything.
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict[str, Any]:
        line = _not_none(self._process.stdout).readline()
        if not line:
            raise EngineError(_ENDED)
        answer: dict[str, Any] = json.loads(line)
        return answer


_ENDED = "The process that counts tokens ended; run the command again."


def _not_none(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def main() -> None:
    """Answer the parent process until it closes the pipe."""
    path = Path(sys.argv[1])
    try:
        vocab, lib, model = _load(path)
    except ModelError as error:
        _send({"error": str(error)})
        return
    _send({"tokens": lib.llama_vocab_n_tokens(vocab)})
    counter = TokenCounter(lib, vocab)
    for line in sys.stdin:
        request = json.loads(line)
        _send({"counts": counter.count(request["texts"], request["special"])})
    lib.llama_model_free(model)


class TokenCounter:
    """Counts word by word where that is exact, else whole texts."""

    def __init__(self, lib: Any, vocab: Any) -> None:
        self._lib, self._vocab = lib, vocab
        self._first_counts: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._word_counts: dict[bool, dict[str, int]] = {False: {}, True: {}}
        self._byte_lengths: dict[int, int] = {}
        self.by_words = lib.llama_vocab_type(vocab) == lib.LLAMA_VOCAB_TYPE_BPE and all(
            self._count_by_words([text], False) == [self.count_text(text, False)]
            for text in _CANARIES
        )

    def count(self, texts: Sequence[str], special: bool) -> list[int]:
        """How many tokens each text has on its own."""
        if self.by_words:
            return self._count_by_words(texts, special)
        return [self.count_text(text, special) for text in texts]

    def count_text(self, text: str, special: bool) -> int:
        """How many tokens a text has, from llama.cpp instead of the cache."""
        raw = text.encode("utf-8", "replace")
        # Without a buffer for the tokens, the result is minus their number.
        count = self._lib.llama_tokenize(self._vocab, raw, len(raw), None, 0, False, special)
        return abs(int(count))

    def _count_by_words(self, texts: Sequence[str], special: bool) -> list[int]:
        split = [_WORD_BREAK.split(text) for text in texts]
        firsts, counts = self._first_counts[special], self._word_counts[special]
        if len(firsts) + len(counts) > _MAX_CACHED:
            firsts.clear()
            counts.clear()
        for first, *_ in split:
            if first not in firsts:
                firsts[first] = self.count_text(first, special)
        self._cache_words({word for _, *rest in split for word in rest} - counts.keys(), special)
        return [firsts[first] + sum(map(counts.__getitem__, rest)) for first, *rest in split]

    def _cache_words(self, words: Set[str], special: bool) -> None:
        """Count words that follow a space; many in one call, as far as their end is clear."""
        counts = self._word_counts[special]
        joinable = [word for word in words if word[-1] in _WORD_ENDS]
        for start in range(0, len(joinable), _WORDS_PER_CALL):
            batch = joinable[start : start + _WORDS_PER_CALL]
            counts.update(zip(batch, self._count_joined(batch, special), strict=False))
        for word in words:
            if word not in counts:
                counts[word] = self.count_text(f" {word}", special)

    def _count_joined(self, words: Sequence[str], special: bool) -> list[int]:
        """How many tokens each word has, from one call; nothing where a token spans two words."""
        raws = [f" {word}".encode("utf-8", "replace") for word in words]
        word_ends = list(accumulate(map(len, raws)))
        tokens = (self._lib.llama_token * word_ends[-1])()
        count = self._lib.llama_tokenize(
            self._vocab, b"".join(raws), word_ends[-1], tokens, len(tokens), False, special
        )
        token_ends = list(accumulate(map(self._byte_length, tokens[: max(0, count)])))
        tokens_until = {end: number for number, end in enumerate(token_ends, start=1)}
        if token_ends[-1:] != word_ends[-1:] or not tokens_until.keys() >= set(word_ends):
            return []
        totals = [0, *(tokens_until[end] for end in word_ends)]
        return [after - before for before, after in pairwise(totals)]

    def _byte_length(self, token: int) -> int:
        """How many bytes of text a token stands for."""
        if token not in self._byte_lengths:
            # As above: without a buffer, the result is minus the size.
            size = self._lib.llama_token_to_piece(self._vocab, token, None, 0, 0, True)
            self._byte_lengths[token] = abs(int(size))
        return self._byte_lengths[token]


_WORD_BREAK = re.compile(" (?=[a-z0-9])(?<=[a-z,.] )")
_WORD_ENDS = frozenset("abcdefghijklmnopqrstuvwxyz,.")
_MAX_CACHED = 200_000
_WORDS_PER_CALL = 500
_CANARIES = (
    "the hound of the moor, a lamp and her violin weren't said to be in it",
    "naïve über cafés at 221b baker street;  two  spaces\nand a line *she nods* and goes",
)


def _load(path: Path) -> tuple[Any, Any, Any]:
    from rpterm.engine.llama.binding import lib, log_to_stderr, recent
    from rpterm.engine.llama.load_checks import check_file, load_failure

    check_file(path)
    log_to_stderr()
    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        raise ModelError(load_failure(path, "".join(recent)))
    return lib.llama_model_get_vocab(model), lib, model


def _send(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
