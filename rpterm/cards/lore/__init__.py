"""The parts of the lorebook engine, which begins in ``rpterm.cards.lorebook``."""
