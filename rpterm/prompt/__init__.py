"""From card, history and this turn's extras to the exact tokens the model reads.

``template`` turns messages into text parts by the model's own chat template, ``window`` decides
which turns still fit, ``build`` makes the ledger. Everything here is pure: no file, no engine, no
clock; the tokenizer is handed in.
"""
