"""A running chat, from the user's text to a stored, scored reply. Knows no front end."""
