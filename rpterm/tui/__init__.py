"""The terminal program: the only room that knows Textual."""

import os

# Textual draws at fixed ticks, 60 a second: a key that has just missed one waits for the next.
# Between keys and the frames of a reply nothing is drawn, so more ticks cost nothing. Textual reads
# this when it is imported, which only this room does.
os.environ.setdefault("TEXTUAL_FPS", "120")
