"""The terminal parser: Alt keys without Kitty's protocol, and escape sequences in pastes."""

from __future__ import annotations

import pytest
from textual.drivers import linux_driver
from textual.events import Key, Paste

from rpterm.tui.alt_keys import AltParser, with_alt_parser


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1bg\x1bw", ["alt+g", "alt+w"]),
        ("\x1bg\x1bg\x1bg", ["alt+g"] * 3),
        ("\x1bg\x1b[A", ["alt+g", "up"]),
        ("\x1bgh", ["alt+g", "h"]),
        ("\x1bé", ["alt+é"]),
        ("a\x1b\rb", ["a", "alt+enter", "b"]),
        ("\x1bb", ["ctrl+left"]),  # Option+← of a Mac
        ("\x1bOA", ["up"]),
        ("\x1b[1;3D\x1bm", ["alt+left", "alt+m"]),
    ],
)
def test_an_alt_key_is_recognised_without_a_delay(sent: str, keys: list[str]) -> None:
    assert [event.key for event in AltParser().feed(sent)] == keys


PASTE = "x\x1b[200~alpha \x1b[31mbeta\x1b[0m\x07 \x1b\x1b\rgamma\x1b[201~\x1bgy"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, len(PASTE)])
def test_escape_sequences_in_a_paste_are_not_keys(size: int) -> None:
    parser = AltParser()
    fed = [parser.feed(PASTE[at : at + size]) for at in range(0, len(PASTE), size)]
    events = [event for part in fed for event in part]
    assert [event.key for event in events if isinstance(event, Key)] == ["x", "alt+g", "y"]
    assert [each.text for each in events if isinstance(each, Paste)] == ["alpha beta\x07 \rgamma"]


@pytest.mark.parametrize(("platform", "key"), [("linux", "alt+f"), ("darwin", "ctrl+right")])
def test_alt_f_is_a_word_key_on_a_mac_only(
    platform: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rpterm.tui.alt_keys._WORD_KEYS", "bf" if platform == "darwin" else "b")
    assert [event.key for event in AltParser().feed("\x1bf")] == [key]


def test_a_terminal_driver_uses_the_alt_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_driver, "XTermParser", linux_driver.XTermParser)
    with_alt_parser(linux_driver.LinuxDriver)
    assert linux_driver.XTermParser is AltParser
