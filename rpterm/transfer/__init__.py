"""Imports what a user had in another program (cards, world files, chats) and exports chats.

A file that was imported once is not imported again. This package knows no user interface.
"""
