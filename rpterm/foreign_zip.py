"""What is raised while a ZIP archive of unknown origin is read."""

from __future__ import annotations

import struct
import zipfile
import zlib

ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)
"""An archive is damaged, encrypted, or compressed in an unknown way; OSError is up to the disk."""
