"""Cards of other programs, in and out. Start with ``files.import_files`` and ``export.export``."""
