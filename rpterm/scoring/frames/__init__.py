"""Finds contradictions by comparing what two sentences say of one matter: a kind of frame per file.

A file knows one matter (people, tastes, abilities, trades and beings, places). Its
function ``clashes(said, known)`` takes a claim of the reply and what is known of one person, and
yields what the claim contradicts. English only; ``bench planted`` measures the rules.
"""
