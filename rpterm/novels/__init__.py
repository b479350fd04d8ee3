"""A character out of a book: who says what, and a card made of the book's own words."""
