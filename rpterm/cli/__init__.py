"""The command line: one module per command (``cards``, ``chats``, …), imported only when used."""
