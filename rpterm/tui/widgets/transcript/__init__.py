"""The transcript: a scrolling view of the turns of the current branch."""

from rpterm.tui.widgets.transcript.transcript import Transcript

__all__ = ["Transcript"]
