"""Engines turn a prompt into a reply: ``protocol`` is the contract, the others implement it."""
