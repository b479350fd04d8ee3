"""Measures what this machine has for a model: main memory and GPU memory."""
