"""Lasting facts, reflections and summaries, drawn from what was said; see each module."""
