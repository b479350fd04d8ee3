"""Drafts a character card from a novel: finds who says what, and quotes the book."""
