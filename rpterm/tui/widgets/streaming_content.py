"""The content of a growing reply, of which only the last paragraph is styled and wrapped again.

The cost of a frame must not grow with the reply, or keys would have to wait. No mark spans a blank
line, so the text above the last one is settled: it is rendered once per width and style.
"""

from __future__ import annotations

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions

from rpterm.tui import markup


class StreamingContent(Content):
    """A head line, the text so far, and a cursor at its end."""

    def __init__(
        self,
        head: Content,
        source: str,
        *,
        marks: bool = False,
        before: StreamingContent | None = None,
    ) -> None:
        """``before`` is the content shown until now; ``marks`` is as in ``markup.roleplay``."""
        done, gap, last = source.rpartition("\n\n")
        self._key = (head.plain, head.spans, done + gap, marks)
        self._settled: Content
        self._strips: dict[tuple[int, Style], list[Strip]]
        if before is not None and before._key == self._key:
            self._settled, self._strips = before._settled, before._strips
        else:
            body = markup.roleplay(done + gap[1:], marks=marks)
            self._settled = Content.assemble(head, "\n", body) if gap else head
            self._strips = {}
        cursor = Content("▍" if source else "…", [])
        self._last = markup.roleplay(last, streaming=True, marks=marks) + cursor
        combined = Content("\n").join((self._settled, self._last))
        super().__init__(combined.plain, list(combined.spans), strip_control_codes=False)

    def get_height(self, rules: RulesMap, width: int) -> int:
        parts = (self._settled, self._last)
        return sum(int(part.get_height(rules, width)) for part in parts)

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        if options.selection is not None:
            return super().render_strips(width, height, style, options)
        if (width, style) not in self._strips:
            self._strips.clear()
            strips = self._settled.render_strips(width, None, style, options)
            self._strips[width, style] = strips
        # Textual maps the mouse to the text by line number, so the last part must start at its own.
        above = self._settled.plain.count("\n") + 1
        last = Content("\n" * above) + self._last
        strips = last.render_strips(width, None, style, options)[above:]
        return [*self._strips[width, style], *strips][:height]
