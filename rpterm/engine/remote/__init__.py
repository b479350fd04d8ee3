"""Any OpenAI-compatible server as an ``Engine``."""
