"""Imports and exports chats: rpterm's own JSONL, Markdown, and the chat logs of other programs."""
