"""Topics never to be mentioned, lines that speak of them in other words, and lines that do not.

Written for the threshold of ``rpterm.memory.search.blocked_topics``; ``FRESH`` after it was chosen.
"""

SEEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "my ex-husband": (
        (
            "Mark and I were married for six years before he left me.",
            "The divorce from Paul took two years.",
            "The man I used to be married to called again.",
            "My former spouse kept the house.",
        ),
        (
            "My husband cooks on Sundays.",
            "My brother's wedding is in May.",
            "I broke up with my piano teacher and found a new one.",
            "My ex-boss sent me a card.",
        ),
    ),
    "my miscarriage": (
        (
            "We lost the baby in the tenth week.",
            "The pregnancy ended too early, in March.",
            "I was expecting, and then there was no heartbeat.",
            "After we lost the pregnancy I stayed in bed for a month.",
        ),
        (
            "My sister is pregnant with twins.",
            "The baby sleeps through the night now.",
            "I lost my keys on the train.",
            "I was expecting a parcel today.",
        ),
    ),
    "spiders": (
        (
            "I found a tarantula in the bath.",
            "An eight-legged thing hung from its web above the bed.",
            "I am terrified of arachnids.",
            "There was a black widow in the woodpile.",
        ),
        (
            "The web page would not load.",
            "I found an ant in the sugar.",
            "There was a hedgehog in the woodpile.",
            "I am terrified of heights.",
        ),
    ),
    "my job at the bank": (
        (
            "I spend all day approving mortgages at the branch.",
            "My manager at Barclays is impossible.",
            "As a teller I count other people's money.",
            "I hate going to work at the loans desk.",
        ),
        (
            "We sat on the bank of the river.",
            "My job at the bakery starts at four.",
            "I opened an account yesterday.",
            "I hate going to the gym.",
        ),
    ),
    "my father's death": (
        (
            "Dad passed away when I was nine.",
            "We buried my father on a Tuesday.",
            "The funeral of my old man was small.",
            "My father never woke from the operation.",
        ),
        (
            "My father repairs clocks.",
            "Dad called from Leeds.",
            "My grandmother died in 1990.",
            "The death of the king was in the paper.",
        ),
    ),
    "alcohol": (
        (
            "I used to drink two bottles of wine a night.",
            "She came home drunk again.",
            "I have been sober for three years.",
            "The whisky was gone by morning.",
        ),
        (
            "I drink two litres of water a day.",
            "She came home tired again.",
            "The milk was gone by morning.",
            "He collects old bottles.",
        ),
    ),
    "politics": (
        (
            "Who did you vote for in the election?",
            "The prime minister resigned this morning.",
            "I joined the Labour party at twenty.",
            "Parliament passed the new tax law.",
        ),
        (
            "We are planning a party on Saturday.",
            "The election of the choir leader is my cousin's idea of fun.",
            "The minister married us in a small church.",
            "I paid the tax on my car.",
        ),
    ),
    "my weight": (
        (
            "I have gained ten kilos since summer.",
            "I am on a diet again, nothing fits me.",
            "I feel so fat in that dress.",
            "The scales said ninety this morning.",
        ),
        (
            "The parcel was too heavy for me.",
            "I am wearing a blue dress.",
            "I learned the scales on the piano.",
            "I lost ten euros.",
        ),
    ),
    "dogs": (
        (
            "Our labrador barked all night.",
            "The puppy chewed my shoe.",
            "I was bitten by a terrier as a child.",
            "We adopted a greyhound from the track.",
        ),
        (
            "Our cat sleeps all day.",
            "The baby chewed my shoe.",
            "I was bitten by a horse as a child.",
            "We adopted a kitten from the farm.",
        ),
    ),
    "my surgery": (
        (
            "They removed my appendix in June.",
            "I was under anaesthetic for five hours.",
            "The operation on my knee went badly.",
            "The scar on my belly still hurts.",
        ),
        (
            "The operation of the machine is simple.",
            "My knee hurts when it rains.",
            "I watch a hospital series.",
            "They removed the tree in June.",
        ),
    ),
    "the war": (
        (
            "We fled when the bombs fell on our city.",
            "My brother was a soldier at the front.",
            "The shelling went on all night.",
            "They lived in a bunker for weeks.",
        ),
        (
            "The fireworks went on all night.",
            "My brother works at the front desk.",
            "We moved when the rent went up.",
            "They lived in a caravan for weeks.",
        ),
    ),
    "money troubles": (
        (
            "I can't pay the rent this month.",
            "We owe the credit card four thousand.",
            "The bailiffs came on Friday.",
            "I am completely broke.",
        ),
        (
            "I broke the vase.",
            "The rent includes heating.",
            "The plumber came on Friday.",
            "We earn enough.",
        ),
    ),
}
"""A topic: lines about it, and lines that share words or scene with them."""

FRESH: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "my stutter": (
        (
            "I get stuck on the first sound of every word.",
            "The speech therapist made me read aloud slowly.",
            "My tongue trips when I have to talk on the phone.",
            "They laughed because I could not get the sentence out.",
        ),
        (
            "I read aloud to my niece.",
            "The phone rang twice.",
            "I tripped on the stairs.",
            "They laughed at the film.",
        ),
    ),
    "cats": (
        (
            "Our tabby had four kittens.",
            "The Siamese purred on my lap.",
            "A tom keeps yowling in the yard.",
            "I emptied the litter tray.",
        ),
        (
            "Our spaniel had four puppies.",
            "The engine purred.",
            "A fox keeps barking in the yard.",
            "I emptied the dishwasher.",
        ),
    ),
    "prison": (
        (
            "My uncle served six years behind bars.",
            "I was locked up for theft.",
            "She visits her son in jail.",
            "He got out on parole in spring.",
        ),
        (
            "My uncle served soup at the shelter.",
            "I locked the shed.",
            "She visits her son in Leeds.",
            "He got out of the car.",
        ),
    ),
    "my exams": (
        (
            "I failed the finals at the university.",
            "The test results came by post, I did not pass.",
            "I revise for the certificate every night.",
            "They gave me a D in mathematics.",
        ),
        (
            "The doctor examined my knee.",
            "The results of the match came late.",
            "I practise the piano every night.",
            "They gave me a map of the town.",
        ),
    ),
}

EVERYDAY = (
    "I grew up by the sea.",
    "My sister plays the cello.",
    "We had soup for lunch.",
    "It rained all day in Bath.",
    "I teach chemistry on Tuesdays.",
    "The train was late again.",
    "I am learning Portuguese.",
    "My favourite colour is green.",
    "She sells maps in a small shop.",
    "I cannot sleep when the moon is full.",
    "We painted the kitchen yellow.",
    "He wrote me a long letter.",
    "I love cherries.",
    "The attic is full of old radios.",
    "Let us go to the market tomorrow.",
)
