"""Checks training data, rpterm's own or foreign: what trainers will do with it, and its quality.

Nothing in here knows models or terminals: the caller passes in a template and a token counter.
"""
