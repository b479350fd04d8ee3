"""Model files: headers, memory, downloads, starter weights. Knows no engine but how to open one."""
