"""Finds the memories that a draft calls for."""
