"""Judging chats and models after the fact: read dialogues, score them, compare with people."""
