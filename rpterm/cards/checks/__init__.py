"""What ``lint`` looks at, one subject a file. Every check is a function of the card alone."""
