"""Repairs a damaged database: see ``rebuild``."""
