"""Plain mode: a chat in lines of text, for screen readers and pipes."""
