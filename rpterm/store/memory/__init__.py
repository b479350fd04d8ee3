"""Stores memories, their vectors and files, and what was derived from turns."""
