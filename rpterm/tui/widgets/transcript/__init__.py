"""The transcript: the turns of the branch that is shown."""

from rpterm.tui.widgets.transcript.transcript import Transcript

__all__ = ["Transcript"]
