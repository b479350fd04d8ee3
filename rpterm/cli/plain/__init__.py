"""Plain mode: a chat as lines of text, for screen readers and pipes."""
