"""The signals: each measures one property of a reply in its scene.

A module states for each of its signals what it measures, the exact value and where the method comes
from, the confidence, the cost and the blind spots. ``registry`` lists the signals.
"""
