"""What becomes of training data in a trainer, and what it is worth: rpterm's own and foreign files.

Nothing here knows a model or a terminal: a template and a counter of tokens are handed in.
"""
