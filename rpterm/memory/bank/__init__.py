"""Reads files given to a character and cuts them into pieces, each cited by its place."""
