"""EPUB: the pages of a book in the order of its spine, read as HTML. The input is untrusted.

A book is a zip file: the size it unpacks to is limited, and no name in it is ever used as a path on
disk. The chapter of a page is the entry of the table of contents that links to it, else the page's
first heading.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

from rpterm.errors import RptermError
from rpterm.foreign_zip import ZIP_ERRORS
from rpterm.memory.bank import web
from rpterm.memory.bank.decode import decode
from rpterm.memory.bank.passage import Document, Passage

_MAX_MEMBER = 16 << 20
_MAX_TOTAL = 96 << 20
_MAX_PAGES = 5000
_CONTAINER = "META-INF/container.xml"
_PAGE_TYPES = ("application/xhtml+xml", "text/html", "application/html")


def read(data: bytes, name: str) -> Document:
    """The paragraphs of a book, each with its chapter.

    Raises:
        RptermError: It is not an EPUB, is protected or damaged, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            passages = tuple(_Book(archive, name).passages())
    except ElementTree.ParseError as error:
        raise RptermError(f"{name} has a damaged list of contents ({error}).") from error
    except (*ZIP_ERRORS, KeyError, OSError) as error:
        raise RptermError(f"{name} is not an EPUB file, or is damaged ({error}).") from error
    return Document(passages, "chapter")


class _Book:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name
        self._bytes_left = _MAX_TOTAL
        self._members = set(archive.namelist())

    def passages(self) -> Iterator[Passage]:
        self._check_protection()
        package = self._parse_xml(_CONTAINER).find(".//{*}rootfile")
        if package is None:
            raise RptermError(f"{self._name} does not name its contents: it is not an EPUB file.")
        path = package.get("full-path", "")
        root = self._parse_xml(path)
        folder = posixpath.dirname(path)
        items = {item.get("id", ""): item for item in root.iterfind(".//{*}manifest/{*}item")}
        titles = self._titles(root, folder)
        chapter = ""
        for page in self._spine(root, items, folder):
            chapter = titles.get(page, chapter)
            yield from self._page(page, chapter)

    def _check_protection(self) -> None:
        """Fonts may be encrypted; a key list for anything else means a protected book."""
        if "META-INF/rights.xml" in self._members:
            raise self._protected()
        if "META-INF/encryption.xml" in self._members:
            encrypted = self._parse_xml("META-INF/encryption.xml").iterfind(".//{*}CipherReference")
            if any(ref.get("URI", "").endswith(("html", "htm", "xml")) for ref in encrypted):
                raise self._protected()

    def _protected(self) -> RptermError:
        return RptermError(f"{self._name} is protected against copying; it cannot be read.")

    def _spine(
        self, root: ElementTree.Element, items: dict[str, ElementTree.Element], folder: str
    ) -> Iterator[str]:
        for number, entry in enumerate(root.iterfind(".//{*}spine/{*}itemref")):
            item = items.get(entry.get("idref", ""))
            if item is None or item.get("media-type") not in _PAGE_TYPES or number >= _MAX_PAGES:
                continue
            page = _resolve(folder, item.get("href", ""))
            if page in self._members and "nav" not in item.get("properties", "").split():
                yield page

    def _titles(self, root: ElementTree.Element, folder: str) -> dict[str, str]:
        """Titles by page, from the table of contents of either version of the format."""
        titles: dict[str, str] = {}
        for item in root.iterfind(".//{*}manifest/{*}item"):
            path = _resolve(folder, item.get("href", ""))
            if path not in self._members:
                continue
            if item.get("media-type") == "application/x-dtbncx+xml":
                for point in self._parse_xml(path).iterfind(".//{*}navPoint"):
                    title, target = point.find(".//{*}text"), point.find("./{*}content")
                    if title is not None and target is not None:
                        _add_title(titles, path, target.get("src", ""), "".join(title.itertext()))
            elif "nav" in item.get("properties", "").split():
                for link in self._parse_xml(path).iterfind(".//{*}a"):
                    _add_title(titles, path, link.get("href", ""), "".join(link.itertext()))
        return titles

    def _page(self, page: str, chapter: str) -> Iterator[Passage]:
        for passage in web.passages(decode(self._read_member(page), self._name, declared=True)):
            title = chapter or (passage.heading[0] if passage.heading else "")
            yield Passage(passage.text, (title,) if title else ())

    def _parse_xml(self, path: str) -> ElementTree.Element:
        data = self._read_member(path)
        if b"<!ENTITY" in data:
            # Entities that expand into each other can make a small file fill the memory.
            raise RptermError(f"{self._name} defines XML entities; such books are not read.")
        return ElementTree.fromstring(data)

    def _read_member(self, path: str) -> bytes:
        with self._archive.open(path) as member:
            data = member.read(min(_MAX_MEMBER, self._bytes_left) + 1)
        self._bytes_left -= len(data)
        if len(data) > _MAX_MEMBER or self._bytes_left < 0:
            raise RptermError(f"{self._name} unpacks to far more than a book; it is not read.")
        return data


def _resolve(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _add_title(titles: dict[str, str], contents: str, href: str, title: str) -> None:
    page = _resolve(posixpath.dirname(contents), href)
    titles.setdefault(page, " ".join(title.split()))
