"""The characters of one chat: who takes part, who speaks next, and what each of them knows."""
