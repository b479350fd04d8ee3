"""Vectors of texts, and the process that owns the model that makes them."""
