"""Finds contradictions by comparing what two sentences say of one matter: a kind of frame per file.

A file knows one matter. For people, tastes, abilities, trades and beings, places, and ages the
function ``clashes(said, known)`` takes a claim of the reply and what is known of one person, and
yields what the claim contradicts; English only. ``acquaintance``, ``refusals``, ``denials`` and
``kinds`` look at the whole reply in its scene and also read Chinese. ``bench planted`` measures
the rules.
"""
