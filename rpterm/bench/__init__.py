"""Benchmarks that need more than one room: what a user feels, on the real model.

They print numbers and compare with a baseline of the same run; nothing here judges them.
"""
