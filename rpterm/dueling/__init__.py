"""Two or more ways of making replies, judged blind. Knows no front end."""
