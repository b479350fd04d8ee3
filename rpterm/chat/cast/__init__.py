"""The characters of one chat: who is in it, who speaks next, and what each of them knows."""
