"""EPUB: the pages of a book in the order of its spine, read as HTML. Untrusted input.

A book is a zip file: what it unpacks to is bounded, and no name in it is ever used as a path. The
chapter is the entry of the table of contents that leads to a page, else the page's first heading.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

from rpterm.memory.bank.decode import decode
from rpterm.memory.bank.passage import BankError, Document, Passage
from rpterm.memory.bank.web import passages

_MAX_MEMBER = 16 << 20
_MAX_TOTAL = 96 << 20
_MAX_PAGES = 5000
_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/html")


def read(data: bytes, name: str) -> Document:
    """The paragraphs of a book with the chapter each stands in.

    Raises:
        BankError: It is no EPUB, it is protected, damaged, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = tuple(_Book(archive, name).passages())
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BankError(f"{name} is not an EPUB file, or is damaged ({error}).") from error
    except ElementTree.ParseError as error:
        raise BankError(f"{name} has a damaged list of contents ({error}).") from error
    except (RuntimeError, KeyError, OSError) as error:
        raise BankError(f"{name} cannot be read as an EPUB file ({error}).") from error
    return Document(found, "chapter")


class _Book:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._room = _MAX_TOTAL
        self._members = set(archive.namelist())

    def passages(self) -> Iterator[Passage]:
        self._check_protection()
        package = self._xml(_CONTAINER).find(".//{*}rootfile")
        if package is None:
            raise BankError(f"{self._name} names no contents: it is no EPUB file.")
        path = package.get("full-path", "")
        root = self._xml(path)
        folder = posixpath.dirname(path)
        items = {item.get("id", ""): item for item in root.iterfind(".//{*}manifest/{*}item")}
        titles = self._titles(root, folder)
        chapter = ""
        for page in self._spine(root, items, folder):
            chapter = titles.get(page, chapter)
            yield from self._page(page, chapter)

    def _check_protection(self) -> None:
        """Fonts may be scrambled; a list of keys for anything else means a protected book."""
        if "META-INF/rights.xml" in self._members:
            raise BankError(f"{self._name} is protected against copying; it cannot be read.")
        if "META-INF/encryption.xml" in self._members:
            listed = self._xml("META-INF/encryption.xml").iterfind(".//{*}CipherReference")
            if any(one.get("URI", "").endswith(("html", "htm", "xml")) for one in listed):
                raise BankError(f"{self._name} is protected against copying; it cannot be read.")

    def _spine(
        self, root: ElementTree.Element, items: dict[str, ElementTree.Element], folder: str
    ) -> Iterator[str]:
        for number, entry in enumerate(root.iterfind(".//{*}spine/{*}itemref")):
            item = items.get(entry.get("idref", ""))
            if item is None or item.get("media-type") not in _PAGES or number >= _MAX_PAGES:
                continue
            page = _joined(folder, item.get("href", ""))
            if page in self._members and "nav" not in item.get("properties", "").split():
                yield page

    def _titles(self, root: ElementTree.Element, folder: str) -> dict[str, str]:
        """Page → title, from the table of contents of either version of the format."""
        found: dict[str, str] = {}
        for item in root.iterfind(".//{*}manifest/{*}item"):
            path = _joined(folder, item.get("href", ""))
            if path not in self._members:
                continue
            if item.get("media-type") == "application/x-dtbncx+xml":
                for point in self._xml(path).iterfind(".//{*}navPoint"):
                    title, target = point.find(".//{*}text"), point.find("./{*}content")
                    if title is not None and target is not None:
                        _note(found, path, target.get("src", ""), "".join(title.itertext()))
            elif "nav" in item.get("properties", "").split():
                for link in self._xml(path).iterfind(".//{*}a"):
                    _note(found, path, link.get("href", ""), "".join(link.itertext()))
        return found

    def _page(self, page: str, chapter: str) -> Iterator[Passage]:
        for passage in passages(decode(self._bytes(page), self._name, declared=True)):
            title = chapter or (passage.heading[0] if passage.heading else "")
            yield Passage(passage.text, (title,) if title else ())

    def _xml(self, path: str) -> ElementTree.Element:
        data = self._bytes(path)
        if b"<!ENTITY" in data:
            # Entities that unfold into each other are how small XML fills a memory.
            raise BankError(f"{self._name} defines entities of its own; such books are not read.")
        return ElementTree.fromstring(data)

    def _bytes(self, path: str) -> bytes:
        with self._archive.open(path) as member:
            data = member.read(min(_MAX_MEMBER, self._room) + 1)
        self._room -= len(data)
        if len(data) > _MAX_MEMBER or self._room < 0:
            raise BankError(f"{self._name} unpacks to far more than a book; it is not read.")
        return data


def _joined(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _note(found: dict[str, str], contents: str, href: str, title: str) -> None:
    page = _joined(posixpath.dirname(contents), href)
    found.setdefault(page, " ".join(title.split()))
