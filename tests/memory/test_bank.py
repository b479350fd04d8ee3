"""The data bank: files of every kind become pieces with their places; bad files are refused."""

import hashlib
from itertools import pairwise

import pytest
from bank_files import OPF, epub, pdf
from hypothesis import given
from hypothesis import strategies as st

from rpterm.errors import RptermError
from rpterm.memory.bank import chunks, files, markdown, plain, web
from rpterm.memory.bank.passage import Document, Passage
from rpterm.memory.bank.pdf import read as read_pdf
from rpterm.memory.character_memory import CharacterMemory
from rpterm.store import Store

LONG = "The river rose again in the night, and nobody slept in the lower town. " * 12


def placed(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return chunks.split_into_pieces(files.read(path), path.name)


# Kinds of files --------------------------------------------------------------------------------
def test_a_book_is_cited_by_chapter_and_how_far(tmp_path):
    text = (
        "CHAPTER I\n\nThe Speckled Hen\n\nShe laid one egg.\n\n"
        f"{LONG}\n\nChapter 2. The Fox\n\nHe came at dawn."
    )
    found = placed(tmp_path / "book.txt", text)
    assert found[0].text.startswith("She laid one egg.")
    assert found[0].place == "book.txt, chapter “CHAPTER I: The Speckled Hen”"
    assert (found[-1].text, found[-1].place) == (
        "He came at dawn.", "book.txt, chapter “Chapter 2. The Fox”, 98 %"
    )  # fmt: skip


def test_of_a_gutenberg_file_only_the_book_counts(tmp_path):
    text = (
        "About this licence\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n\nA whale.\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n\nSmall print"
    )
    assert [piece.text for piece in placed(tmp_path / "x.txt", text)] == ["A whale."]


def test_capitals_are_headings_only_where_there_are_no_chapters(tmp_path):
    loud = "THE SIGN SAID\n\nNobody came.\n\n"
    (piece,) = placed(tmp_path / "a.txt", loud)
    assert piece.place == "a.txt, chapter “THE SIGN SAID”"
    long = "CHAPTER II. IN WHICH " + "A GREAT DEAL HAPPENS TO NOBODY AND " * 3 + "ENDS"
    found = placed(tmp_path / "b.txt", f"CHAPTER I.\n\nIt rained.\n\n{loud}{long}\n\nHe left.")
    assert [piece.text for piece in found] == ["It rained. THE SIGN SAID Nobody came.", "He left."]
    assert found[1].place.startswith("b.txt, chapter “CHAPTER II. IN WHICH A GREAT DEAL HAPPENS")
    assert "…”" in found[1].place


@pytest.mark.parametrize("line", ["1. Buy milk", "Chapter and verse, he said.", "He was tall"])
def test_lines_that_are_no_headings(line):
    assert [p.text for p in plain.read(f"One.\n\n{line}\n\nTwo.").passages] == [
        "One.",
        line,
        "Two.",
    ]


def test_markdown_is_cited_by_its_headings(tmp_path):
    text = (
        "---\ntitle: x\n---\n# Bees\nThey are **busy**, see [here](http://x).\n\n## Honey #\n"
        "- It is `sweet`.\n- It *keeps*.\n\n```\n# no heading\n```\nWax\n===\nIt burns."
    )
    found = placed(tmp_path / "bees.md", text)
    assert [(piece.place, piece.text) for piece in found] == [
        ("bees.md, Bees", "They are busy, see here."),
        ("bees.md, Bees › Honey", "It is sweet. It keeps. # no heading"),
        ("bees.md, Wax", "It burns."),
    ]


def test_html_is_read_without_scripts_and_menus(tmp_path):
    text = (
        "<html><head><title>t</title><style>p{}</style><body><nav><p>Menu</p></nav>"
        "<h1>Bees</h1><p>They <b>sti</b>ng&nbsp;&mdash; some.<br>Not all."
        "<script>alert('x')</script><div>Last <p>one</div><h2>Wax</h2>It burns"
    )
    found = placed(tmp_path / "bees.html", text)
    assert [(piece.place, piece.text) for piece in found] == [
        ("bees.html, Bees", "They sting — some. Not all. Last one"),
        ("bees.html, Bees › Wax", "It burns"),
    ]


def test_an_epub_is_cited_by_its_table_of_contents(tmp_path):
    found = placed(tmp_path / "b.epub", epub())
    assert [(piece.place, piece.text) for piece in found] == [
        ("b.epub, chapter “The Well”", "The well is seventy feet deep & dry."),
        ("b.epub, chapter “The Key”, 50 %", "The key lies under the third stone."),
    ]


def test_a_pdf_is_cited_by_page_without_its_running_heads(tmp_path):
    seasons = ("spring", "summer", "autumn", "winter", "harvest")
    pages = [
        ["On Hives", f"The hive in {season} holds a secret that only the", f"{season} queen, her",
         "drones and the bee-", f"keeper of {season} know.", str(number)]
        for number, season in enumerate(seasons, 1)
    ]  # fmt: skip
    found = placed(tmp_path / "p.pdf", pdf(pages))
    assert found[0].place == "p.pdf, pages 1–4"
    assert found[0].text.startswith("The hive in spring holds a secret that only the spring queen")
    assert "drones and the beekeeper of spring know. The hive in summer" in found[0].text
    assert "On Hives" not in found[0].text
    one = placed(tmp_path / "one.pdf", pdf([["A single page."]]))
    assert [(piece.place, piece.text) for piece in one] == [("one.pdf, page 1", "A single page.")]


# Pieces ----------------------------------------------------------------------------------------
def test_pieces_are_whole_sentences_that_overlap():
    text = " ".join(f"Sentence number {n} says that Mr. Smith paid {n} pounds." for n in range(40))
    found = chunks.split_into_pieces(Document((Passage(text),), "chapter"), "x.txt")
    assert len(found) > 4
    for before, after in pairwise(found):
        assert after.text.startswith(chunks.sentences(before.text)[-1])
    assert all(len(piece.text) <= chunks.MAX_PIECE for piece in found)
    assert all(piece.text.endswith("pounds.") for piece in found)


@given(st.lists(st.text(alphabet="abc .!?\n«»”'ÄÖ漢。", max_size=900), max_size=6))
def test_no_word_is_lost_and_no_piece_too_long(paragraphs):
    document = plain.read("\n\n".join(paragraphs))
    found = chunks.split_into_pieces(document, "x")
    for piece in found:
        assert 0 < len(piece.text) <= chunks.MAX_PIECE + chunks.MAX_OVERLAP
    together = " ".join(piece.text for piece in found)
    for passage in document.passages:
        for sentence in chunks.sentences(passage.text):
            assert sentence in together


@given(st.text(max_size=400))
def test_any_markup_is_read_to_its_end(text):
    for read in (web.read, markdown.read, plain.read):
        assert all(passage.text.strip() for passage in read(text).passages)


# Encodings -------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_in_the_usual_encodings_is_read(tmp_path, encoding):
    (piece,) = placed(tmp_path / "e.txt", "Das Mädchen heißt Zoë.".encode(encoding))
    assert piece.text == "Das Mädchen heißt Zoë."


def test_a_page_may_name_its_encoding(tmp_path):
    data = '<meta charset="koi8-r"><p>Москва</p>'.encode("koi8-r")
    assert [piece.text for piece in placed(tmp_path / "m.html", data)] == ["Москва"]


# Bad files -------------------------------------------------------------------------------------
ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + OPF
ENCRYPTION = """<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:CipherReference
 URI="OEBPS/text/two.xhtml"/></encryption>"""
BAD = {
    "empty.txt": (b"", "contains no text"),
    "blank.md": (b"\n \n", "contains no text"),
    "noise.txt": (hashlib.shake_256(b"1").digest(4000), "not text in an encoding"),
    "cyrillic.txt": ("Ключ лежит под третьей ступенью.".encode("cp1251"), "save it as UTF-8"),
    "koi.md": ("Ключ лежит под третьей ступенью.".encode("koi8-r"), "save it as UTF-8"),
    "greek.txt": ("Το κλειδί είναι κάτω από το σκαλί.".encode("cp1253"), "save it as UTF-8"),
    "chinese.txt": ("灯塔看守人把钥匙藏在台阶下面。".encode("gb18030"), "save it as UTF-8"),
    "picture.png": (b"\x89PNG", "not one of the formats"),
    "no.pdf": (b"hello", "not a PDF file, or is damaged"),
    "cut.pdf": (pdf([["One."], ["Two."]])[:300], "damaged"),
    "blank.pdf": (pdf([[]]), "images of text"),
    "no.epub": (b"PK hello", "not an EPUB file, or is damaged"),
    "cut.epub": (epub()[:700], "not an EPUB file, or is damaged"),
    "headless.epub": (epub()[epub().rindex(b"PK\x03\x04") :], "or is damaged"),
    "bare.epub": (epub({"META-INF/container.xml": "<x/>"}), "not an EPUB"),
    "lost.epub": (epub({"OEBPS/book.opf": "<package"}), "damaged list"),
    "entity.epub": (epub({"OEBPS/book.opf": ENTITY}), "entities"),
    "locked.epub": (epub({"META-INF/encryption.xml": ENCRYPTION}), "protected"),
    "bomb.epub": (epub({"OEBPS/text/two.xhtml": b"a" * (17 << 20)}), "far more than a book"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_one_sentence(tmp_path, name):
    data, why = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RptermError, match=why) as caught:
        files.read(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pdf_with_a_password_is_refused(tmp_path):
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    with pytest.raises(RptermError, match="password"):
        files.read(path)


def test_a_pdf_that_takes_for_ever_is_left(tmp_path):
    path = tmp_path / "slow.pdf"
    path.write_bytes(pdf([["One."]]))
    with pytest.raises(RptermError, match="longer than"):
        read_pdf(path, "slow.pdf", limit_s=0.01)


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(RptermError, match="There is no file"):
        files.read(tmp_path / "none.txt")
    with pytest.raises(RptermError, match="is a folder"):
        files.read(tmp_path)


def test_a_file_too_large_is_not_even_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    (tmp_path / "big.txt").write_text("more than ten bytes")
    with pytest.raises(RptermError, match="more than"):
        files.read(tmp_path / "big.txt")


# Into the memory -------------------------------------------------------------------------------
def test_giving_again_replaces_only_what_changed(tmp_path):
    path = tmp_path / "bees.md"
    path.write_text("# Bees\nThe hive stands under the walnut tree.")
    with Store(tmp_path / "t.db") as store:
        memory = CharacterMemory(store, "C")
        first = files.add_file(memory, path)
        assert (first.how, first.file.pieces) == ("added", 1)
        assert files.add_file(memory, path).how == "unchanged"
        path.write_text("# Bees\nThe hive was sold.")
        again = files.add_file(memory, path)
        assert (again.how, [row.text for row in memory.page()]) == (
            "replaced", ["The hive was sold."]
        )  # fmt: skip
        path.write_text("")
        with pytest.raises(RptermError):
            files.add_file(memory, path)
        assert [row.text for row in memory.page()] == ["The hive was sold."]
        (row,) = memory.page()
        assert (row.kind, row.place, row.file_id) == ("document", "bees.md, Bees", again.file.id)


def test_a_copy_or_a_moved_file_is_there_already(tmp_path):
    path, copy = tmp_path / "bees.txt", tmp_path / "copy.txt"
    path.write_text("The hive stands under the walnut tree.")
    with Store(tmp_path / "t.db") as store:
        memory = CharacterMemory(store, "C")
        first = files.add_file(memory, path).file
        path.rename(copy)
        assert files.add_file(memory, copy) == files.AddedFile(first, "unchanged")
        copy.write_text("The hive was sold.")
        assert files.add_file(memory, copy).how == "added"


def test_the_chapter_is_the_first_heading_where_there_are_no_contents(tmp_path):
    opf = OPF.replace(' properties="nav"', "").replace('<item id="n"', '<item id="zz"')
    (one, two) = placed(tmp_path / "b.epub", epub({"OEBPS/book.opf": opf}))
    assert one.place == "b.epub, chapter “I”"
    assert two.place == "b.epub, chapter “II”, 50 %"


def test_lone_numerals_are_headings_only_where_there_are_no_chapters():
    text = "I\n\nIt rained.\n\nII.\n\nHe left."
    assert [p.heading for p in plain.read(text).passages] == [("I",), ("II.",)]
    text = f"CHAPTER 1\n\nOne.\n\nCHAPTER 2\n\nTwo.\n\n{text}"
    assert "II." in [p.text for p in plain.read(text).passages]
