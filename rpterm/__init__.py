"""rpterm: the terminal playground for role-play with a local language model."""

__version__ = "0.1.0"
