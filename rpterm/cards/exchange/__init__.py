"""Import and export of other programs' cards; see ``files.import_files`` and ``export.export``."""
