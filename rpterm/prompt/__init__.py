"""Builds the prompt: from card, history and this turn's extras to the exact tokens the model reads.

``template`` renders messages with the model's own chat template, ``window`` decides which turns
still fit, ``build`` creates the ledger. Everything here is pure: no files, no engine, no clock; the
tokenizer is passed in.
"""
