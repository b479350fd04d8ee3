"""The TOML file of a card: its keys, how it is read, written and edited, and its JSON schema."""
