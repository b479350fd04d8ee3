"""From judgements to training data: records, formats, scrub, split, check and statistics.

Nothing here knows a model or a terminal: token counts, chat templates and system prompts are handed
in by whoever exports.
"""
