"""Model files: catalogue, headers, memory estimates, downloads, starter weights; opens engines."""
