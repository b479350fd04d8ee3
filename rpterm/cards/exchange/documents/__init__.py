"""Card and lorebook documents of other programs, read and written without loss."""
