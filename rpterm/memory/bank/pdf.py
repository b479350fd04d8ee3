"""PDF: the text of each page, read by pypdf in a process of its own.

A PDF is a program of sorts, and a hostile one can take for ever or fill the memory: the process has
a time limit and, where the system knows such, a memory limit. Run as ``python -m
rpterm.memory.bank.pdf FILE`` it writes one line of JSON a page, or ``{"error": …}``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rpterm.memory.bank.decode import clean
from rpterm.memory.bank.passage import MAX_TEXT, BankError, Document, Passage

TIME_LIMIT_S = 180.0
_MEMORY_LIMIT = 2 << 30
_MAX_PAGES = 5000
_EDGE = 2
_OFTEN = 0.4


def read(path: Path, name: str, *, limit_s: float = TIME_LIMIT_S) -> Document:
    """The paragraphs of a PDF with the page each begins on.

    Raises:
        BankError: It is encrypted, damaged, no PDF, or too much to read.
    """
    command = [sys.executable, "-P", "-m", "rpterm.memory.bank.pdf", str(path.absolute())]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        slow = f"{name} took longer than {limit_s:.0f} s to read; it was not read."
        raise BankError(slow) from error
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    pages: list[str] = []
    for line in lines:
        answer = json.loads(line) if line.startswith("{") else {}
        if "error" in answer:
            raise BankError(f"{name}: {answer['error']}")
        if "page" in answer:
            pages.append(answer["page"])
    if done.returncode:
        raise BankError(f"{name} is damaged or asks for too much memory; it cannot be read.")
    return Document(tuple(_passages(_without_edges(pages))), "page")


def _without_edges(pages: list[str]) -> list[list[str]]:
    """The lines of each page without running heads, feet and page numbers."""
    split = [[line.strip() for line in clean(page).split("\n") if line.strip()] for page in pages]
    edges = Counter(_shape(line) for lines in split for line in {*lines[:_EDGE], *lines[-_EDGE:]})
    often = max(3.0, _OFTEN * len(split))
    kept: list[list[str]] = []
    for lines in split:
        last = len(lines) - _EDGE
        kept.append([
            line for at, line in enumerate(lines)
            if not ((at < _EDGE or at >= last) and (edges[_shape(line)] >= often
                                                    or re.fullmatch(r"[\d\s.–—-]{1,9}", line)))
        ])  # fmt: skip
    return kept


def _shape(line: str) -> str:
    """A line with its numbers alike: page 3 and page 4 have the same foot."""
    return re.sub(r"\d+", "0", line)


def _passages(pages: list[list[str]]) -> Iterator[Passage]:
    """Lines joined to paragraphs; one ends where a short line ends a sentence, or at the page."""
    for number, lines in enumerate(pages, 1):
        width = max((len(line) for line in lines), default=0)
        paragraph: list[str] = []
        for line in lines:
            paragraph.append(line)
            if len(line) < 0.75 * width and re.search(r"[.!?:”\"’')]$", line):
                yield Passage(_joined(paragraph), page=number)
                paragraph = []
        if paragraph:
            yield Passage(_joined(paragraph), page=number)


def _joined(lines: Iterable[str]) -> str:
    """One line; a word that was hyphenated at a line's end is whole again."""
    text = "\n".join(lines)
    text = re.sub(r"(?<=[a-zß-ÿ])[-‐]\n(?=[a-zß-ÿ])", "", text)
    return " ".join(text.split())


# The process of its own ------------------------------------------------------------------------
def main(path: str) -> int:
    """Write every page's text as a line of JSON; the exit status."""
    _bound()
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return _fail("it needs a password: save it without one first.")
        if len(reader.pages) > _MAX_PAGES:
            return _fail(f"it has {len(reader.pages):,} pages, more than {_MAX_PAGES:,}.")
        room = MAX_TEXT
        for page in reader.pages:
            text = page.extract_text()
            room -= len(text)
            if room < 0:
                return _fail(f"it holds more than {MAX_TEXT:,} characters: cut it into parts.")
            _tell({"page": text})
    except PyPdfError as error:
        return _fail(f"it is not a PDF file, or is damaged ({error}).")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        return _fail(f"it is damaged ({type(error).__name__}).")
    return 0


def _bound() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows: the time limit alone
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))


def _fail(why: str) -> int:
    _tell({"error": why})
    return 0


def _tell(message: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
