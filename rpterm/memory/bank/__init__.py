"""Files given to a character: read, cut into pieces, each cited by its place."""
