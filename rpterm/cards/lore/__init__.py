"""The lorebook engine, one idea a file; ``rpterm.cards.lorebook`` is its front door."""
