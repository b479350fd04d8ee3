"""Turns judgements into training data: records, formats, scrubbing, splits, checks, statistics.

Nothing in here knows models or terminals: the caller passes in token counters, chat templates and
system prompts.
"""
