"""Builds the prompt: from card, history and this turn's extras to the exact tokens the model reads.

``template`` renders messages with the model's own chat template, ``window`` decides which turns
still fit, ``perspective`` shows a group's turns as one member reads them, ``build`` creates the
ledger. All of this is pure: no files, no engine, no clock; the tokenizer is passed in. ``oneshot``
prompts an engine outside any chat.
"""
