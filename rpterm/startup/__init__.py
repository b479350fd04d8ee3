"""Starting a run: chooses the chat to open, and creates the engine, store, memory and scorer."""
