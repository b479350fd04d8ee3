"""Thirty memories of one chat partner, and forty lines of talk: half of them have an answer here.

Written for the measurement of false recalls in a small database; see ``test_small_world``. The
lines without an answer are what people say all day, and share common words with the memories.
"""

MEMORIES = (
    "I grew up in a lighthouse keeper's cottage on the Northumbrian coast.",
    "My sister Petra plays the cello in an orchestra in Gdańsk.",
    "I am allergic to walnuts, it was bad once.",
    "We adopted a one-eyed cat called Admiral last winter.",
    "I teach chemistry at the evening school on Tuesdays and Thursdays.",
    "My grandfather repaired clocks, and I still have his loupe.",
    "I broke my wrist falling off a ladder while picking plums.",
    "The novel I am writing is about a woman who sells maps of places that do not exist.",
    "I cannot stand the smell of lilies, they remind me of my uncle's funeral.",
    "My best friend Tomasz moved to Lisbon to open a bakery.",
    "I have been saving for a kayak since the spring.",
    "Our neighbour, Mrs Okafor, waters the plants when we are away.",
    "I used to be terrified of thunderstorms, now I sit on the porch and count.",
    "My car is an old green estate that only starts on the second try.",
    "I proposed to Ines on a ferry in the fog.",
    "We want to call the baby Wanda if it is a girl.",
    "I drink my coffee black, with a pinch of salt.",
    "The doctor told me to stop running because of my knee.",
    "My favourite painting is the one of the icebreaker at the harbour museum.",
    "I lost my wedding ring in the compost and found it a year later.",
    "My brother Janek does not speak to our father any more.",
    "I once won a regional prize for growing the heaviest marrow.",
    "I have never learned to swim, and I live by the sea.",
    "The attic is full of radio sets I mean to repair one day.",
    "I am learning Portuguese to surprise Tomasz when we visit.",
    "Ines is a structural engineer, she designs footbridges.",
    "My first job was selling tickets at a planetarium.",
    "I sleep badly when the moon is full, whatever people say.",
    "We lost a pregnancy two years ago, I rarely talk about it.",
    "My lucky number is thirty-four, from my old swimming-club locker I never used.",
)
"""What the user said, one line each, in this order."""

ANSWERED: tuple[tuple[str, frozenset[int]], ...] = (
    ("Do you still know where I spent my childhood?", frozenset({0})),
    ("What instrument does Petra play?", frozenset({1})),
    (
        "Is there any food I have to avoid? The cake has nuts in it, walnuts I think.",
        frozenset({2}),
    ),
    ("The cat knocked a vase over again.", frozenset({3})),
    ("I am so tired, I had to teach last night.", frozenset({4})),
    ("A watch of mine stopped. Who in my family could have mended it?", frozenset({5})),
    ("How did I hurt my wrist again?", frozenset({6})),
    ("I wrote two pages of my novel today!", frozenset({7})),
    ("Somebody sent us lilies, can you imagine?", frozenset({8})),
    ("I got a postcard from Tomasz this morning.", frozenset({9, 24})),
    ("I nearly have the money for the kayak.", frozenset({10})),
    ("Who takes care of our plants when we travel?", frozenset({11})),
    ("There is a thunderstorm coming up.", frozenset({12})),
    ("The car would not start when I had to leave.", frozenset({13})),
    ("Do you remember how I asked Ines to marry me?", frozenset({14})),
    ("We still argue about names for the baby.", frozenset({15})),
    ("How do I take my coffee?", frozenset({16})),
    ("My knee hurts, and I so miss running.", frozenset({17})),
    ("Did my brother ever make peace with my father?", frozenset({20})),
    ("They asked at work what a footbridge costs. Who could I ask?", frozenset({25})),
)
"""Lines that call for a memory, with the places of those that answer them."""

UNANSWERED = (
    "Good morning! How are you today?",
    "What shall we have for supper?",
    "That is very kind of you to say.",
    "Tell me a story about a dragon and a miller.",
    "I think you are right about that, as always.",
    "Could you explain how a sextant works?",
    "What a day. I only want to sit down.",
    "Which of your cases was the hardest?",
    "Why would anybody steal a violin from a church?",
    "I do not know what to say to that.",
    "Let us go for a walk, the sun is out.",
    "Have you ever been to Egypt?",
    "What time is it where you are?",
    "He slammed the door and was gone.",
    "Do you believe people can change?",
    "I like the way you describe the rain.",
    "Please go on, what happened next?",
    "My colleague forgot the keys to the office today.",
    "Would you rather be feared or loved?",
    "Look, somebody left an umbrella on the train.",
)
"""Lines that no memory has anything to do with."""
