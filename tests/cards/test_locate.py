"""Line numbers of keys, checked on documents written by tomlkit."""

from typing import Any

import tomli
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rpterm.cards.format.locate import Path, locate

_TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8) | st.sampled_from(
    ["a\nb\n\nc", 'quote " and """', "''' [x]", "# no comment", "a = 1\n[b]\n", "\\"]
)
_LEAF = _TEXT | st.integers(-9, 9) | st.booleans() | st.floats(allow_nan=False)
_VALUE = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def paths(value: Any, path: Path = ()) -> list[Path]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path] * bool(path) + [
        found for key, item in items for found in paths(item, (*path, key))
    ]


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_TEXT, _VALUE, max_size=5))
def test_every_key_is_found_in_any_document(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    places = locate(text)
    count = text.count("\n") + 1
    for path in paths(tomli.loads(text)):
        assert path in places.lines, path
        assert 1 <= places.lines[path] <= count


@settings(max_examples=80)
@given(st.lists(_VALUE, min_size=1, max_size=6), st.integers(0, 5))
def test_the_line_is_that_of_the_key(values: list[Any], which: int) -> None:
    """A marker behind any values is found on the line where it really is."""
    which = min(which, len(values) - 1)
    blocks = [tomlkit.dumps({f"before{n}": value}) for n, value in enumerate(values[:which])]
    head = "".join(block for block in sorted(blocks, key=lambda block: block.startswith("[")))
    text = f"{head}\n[marked]\n  # a comment with = and [\n'the key' = 3\n"
    assert locate(text).lines[("marked", "the key")] == text.count("\n")


def test_the_shapes_of_a_card() -> None:
    text = (
        "# [no] = table\n"
        'name = "A" # x\n'
        "greetings = [\n"
        '  """one\n'
        'more""",  # , ]\n'
        "  'two',\n"
        "]\n"
        "sampling.top_k = 3\n"
        "[[ lore ]]\n"
        'keys = ["a", "b"]\n'
        "[lore.extensions]\n"
        "x = { y = [1, 2], z.w = 2 }\n"
        "[[lore]]\n"
        'content = """""quoted"""""\n'
        "[[lore.extensions.list]]\n"
        "v = 1\n"
    )
    lines = locate(text).lines
    assert lines[("name",)] == 2
    assert lines[("greetings", 0)] == 4
    assert lines[("greetings", 1)] == 6
    assert lines[("sampling", "top_k")] == 8
    assert lines[("lore", 0, "keys", 1)] == 10
    assert lines[("lore", 0, "extensions", "x", "z", "w")] == 12
    assert lines[("lore", 1, "content")] == 14
    assert lines[("lore", 1, "extensions", "list", 0, "v")] == 16
    assert locate(text).line(("lore", 1, "missing")) == 13


@given(st.text(max_size=60))
def test_any_text_is_tolerated(text: str) -> None:
    assert all(line >= 1 for line in locate(text).lines.values())


def test_the_beginning_of_an_unterminated_string() -> None:
    assert locate('a = 1\nb = """x\n\n').unterminated_at == 2
    assert locate("a = '''x'''\n").unterminated_at == 0
