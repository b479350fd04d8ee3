"""Duels: two or more ways of generating replies, judged blind. Knows no user interface."""
