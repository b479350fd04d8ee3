"""Honest figures about judgements: intervals, stopping rules, rankings, biases. Pure."""
