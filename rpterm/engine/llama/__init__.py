"""llama.cpp behind the engine's contract: ``client`` talks to a ``worker`` process over a pipe."""
