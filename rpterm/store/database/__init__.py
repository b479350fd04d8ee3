"""The database file: its connections, its safety, and the processes that share it."""
