"""A story of a few paragraphs, written for these tests."""

STORY = """\
CHAPTER I.

Mrs. Orme was a tall widow with ink on every finger. She had no patience with fools. Mr. Pell
was the only printer in the valley, and he had been her husband's friend.

"You are late, Pell," said Mrs. Orme. "The pages were promised on Monday, and today is Thursday!"

"The river took the bridge," said Mr. Pell, wringing out his hat. "I came round by the mill with
the type in my boots."

"In your boots!"

"Where else was it dry?"

"Sit down by the stove, then," said Mrs. Orme, and she put the kettle on. "What does the miller
say about the flood?"

"He says," replied Mr. Pell, "that he has seen worse. He has not seen the lower town."

Dora came in with the lamp and listened.

"Nobody asked the lower town," said Dora. "They sit on their roofs and sing."

"Then we print that," said Mrs. Orme. "Set it in the large type, Pell, and leave out the miller."

She laughed. "Large type!" said Mr. Pell. "I have four of the letter E."

CHAPTER II.

Dora was a quick, silent girl of fifteen. She never forgot a face.

"Did you count the roofs?" asked Mr. Pell.

"Eleven," said Dora, "and a goat on the twelfth."

"A goat," said Mr. Pell, "is news in any type."

"She reads it to us every evening," he said.
"""


def paragraphs() -> list[str]:
    """The story without its headings."""
    blocks = [" ".join(block.split()) for block in STORY.split("\n\n")]
    return [block for block in blocks if block and not block.startswith("CHAPTER")]
