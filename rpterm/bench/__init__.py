"""Benchmarks, one a module: what a user feels, and how often what is measured is right.

They print numbers and compare with a baseline of the same run; nothing here judges them.
"""
