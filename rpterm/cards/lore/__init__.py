"""The parts of the lorebook engine, whose public interface is ``rpterm.cards.lorebook``."""
