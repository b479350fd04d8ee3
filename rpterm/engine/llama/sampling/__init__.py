"""Samples tokens: the sampler chain, grammars and banned phrases."""
