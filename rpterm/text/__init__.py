"""What all rooms know about text: sentences, words, months, encodings. Pure."""
