"""Which example dialogues a prompt shows: from the card, from what was starred, and mined."""
