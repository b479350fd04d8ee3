"""The KV cache: what a model holds of a chat, and copies of it in memory and on disk."""
