"""Distils what was said into lasting facts, reflections and summaries."""
