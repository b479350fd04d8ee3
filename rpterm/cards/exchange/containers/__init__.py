"""What a card or lorebook is packed into: JSON, YAML, a picture, an archive."""
