"""Benchmarks, one per module: latency and throughput as a user feels them, and accuracy.

They print figures next to a baseline of the same run and pass no judgement.
"""
