"""Engines: what turns a prompt into a reply. ``protocol`` is the contract, the rest keep it."""
