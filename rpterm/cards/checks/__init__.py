"""The checks of ``lint``, one subject per file. Every check is a pure function of the card."""
