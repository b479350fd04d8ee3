"""Chooses the example dialogues of a prompt: from the card, starred replies and well-scored
ones."""
