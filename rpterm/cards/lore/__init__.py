"""The lorebook engine, which begins in ``lorebook``."""
