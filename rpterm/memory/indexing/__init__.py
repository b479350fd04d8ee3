"""The searchable index of memories in RAM: words, vectors, and how it follows the database."""
