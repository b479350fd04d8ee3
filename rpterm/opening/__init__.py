"""How a run begins: which chat it opens, and every room it needs put together."""
