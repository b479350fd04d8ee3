"""PDF: the text of each page, read by pypdf in a process of its own.

A PDF is a program of sorts, and a hostile one can run for ever or fill the memory. So the process
has a time limit and, if the system supports one, a memory limit. Run as ``python -m
rpterm.memory.bank.pdf FILE``, it writes one line of JSON per page, or ``{"error": …}``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from rpterm.errors import RptermError
from rpterm.memory.bank.decode import clean
from rpterm.memory.bank.passage import MAX_TEXT, Document, Passage

TIME_LIMIT_S = 180.0
_MEMORY_LIMIT = 2 << 30
_MAX_PAGES = 5000
_EDGE_LINES = 2
_REPEATED_SHARE = 0.4


def read(path: Path, name: str, *, limit_s: float = TIME_LIMIT_S) -> Document:
    """The paragraphs of a PDF, each with the page it begins on.

    Raises:
        RptermError: It is encrypted, damaged, not a PDF, or too much to read.
    """
    command = [sys.executable, "-P", "-m", "rpterm.memory.bank.pdf", str(path.absolute())]
    try:
        process = subprocess.run(
            command, capture_output=True, timeout=limit_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        message = f"{name} took longer than {limit_s:.0f} s to read; it was not read."
        raise RptermError(message) from error
    lines = process.stdout.decode("utf-8", "replace").splitlines()
    pages: list[str] = []
    for line in lines:
        answer = json.loads(line) if line.startswith("{") else {}
        if "error" in answer:
            raise RptermError(f"{name}: {answer['error']}")
        if "page" in answer:
            pages.append(answer["page"])
    if process.returncode:
        raise RptermError(f"{name} is damaged or needs too much memory; it cannot be read.")
    return Document(tuple(_passages(_without_edges(pages))), "page")


def _without_edges(pages: list[str]) -> list[list[str]]:
    """The lines of each page without headers, footers and page numbers."""
    page_lines = [
        [line.strip() for line in clean(page).split("\n") if line.strip()] for page in pages
    ]
    edges = Counter(
        _without_numbers(line)
        for lines in page_lines
        for line in {*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]}
    )
    repeated = max(3.0, _REPEATED_SHARE * len(page_lines))

    def is_edge(line: str) -> bool:
        is_page_number = re.fullmatch(r"[\d\s.–—-]{1,9}", line) is not None
        return is_page_number or edges[_without_numbers(line)] >= repeated

    kept: list[list[str]] = []
    for lines in page_lines:
        last = len(lines) - _EDGE_LINES
        kept.append([
            line for index, line in enumerate(lines)
            if _EDGE_LINES <= index < last or not is_edge(line)
        ])  # fmt: skip
    return kept


def _without_numbers(line: str) -> str:
    """A line with all numbers alike, so that the footers of page 3 and page 4 are equal."""
    return re.sub(r"\d+", "0", line)


def _passages(pages: list[list[str]]) -> Iterator[Passage]:
    """Lines joined into paragraphs. One ends where a short line ends a sentence, or with the
    page."""
    for number, lines in enumerate(pages, 1):
        width = max((len(line) for line in lines), default=0)
        paragraph: list[str] = []
        for line in lines:
            paragraph.append(line)
            if len(line) < 0.75 * width and re.search(r"[.!?:”\"’')]$", line):
                yield Passage(_join_lines(paragraph), page=number)
                paragraph = []
        if paragraph:
            yield Passage(_join_lines(paragraph), page=number)


def _join_lines(lines: Iterable[str]) -> str:
    """One line; words hyphenated at a line's end are joined again."""
    text = "\n".join(lines)
    text = re.sub(r"(?<=[a-zß-ÿ])[-‐]\n(?=[a-zß-ÿ])", "", text)
    return " ".join(text.split())


# The subprocess --------------------------------------------------------------------------------
def main(path: str) -> int:
    """Write every page's text as a line of JSON; returns the exit status."""
    _limit_memory()
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return _fail("it needs a password: save it without one and try again.")
        if len(reader.pages) > _MAX_PAGES:
            return _fail(f"it has {len(reader.pages):,} pages, more than {_MAX_PAGES:,}.")
        characters_left = MAX_TEXT
        for page in reader.pages:
            text = page.extract_text()
            characters_left -= len(text)
            if characters_left < 0:
                return _fail(f"it contains more than {MAX_TEXT:,} characters: split it.")
            _write({"page": text})
    except PyPdfError as error:
        return _fail(f"it is not a PDF file, or is damaged ({error}).")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        return _fail(f"it is damaged ({type(error).__name__}).")
    return 0


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows: the time limit alone
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, _MEMORY_LIMIT))


def _fail(why: str) -> int:
    _write({"error": why})
    return 0


def _write(message: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
