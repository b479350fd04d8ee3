"""The terminal user interface: the only package that imports Textual."""

import os

# Textual draws at fixed ticks, 60 a second by default: a key that just misses one waits for the
# next. A tick with nothing to draw costs nothing, so the rate can be doubled. Textual reads this
# variable when it is imported, and only this package imports it.
os.environ.setdefault("TEXTUAL_FPS", "120")
