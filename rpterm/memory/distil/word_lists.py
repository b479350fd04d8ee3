"""Closed lists of English words used by the rules for plain statements."""

from __future__ import annotations

KIN = (
    "mother father mum mom dad mama papa stepmother stepfather parents sister brother stepsister "
    "stepbrother twin half-sister half-brother sibling siblings son daughter stepson stepdaughter "
    "child children kid kids baby wife husband spouse partner girlfriend boyfriend fiancé fiancée "
    "fiance fiancee aunt uncle cousin niece nephew grandmother grandfather grandma grandpa granny "
    "grandparents grandson granddaughter grandchildren godmother godfather flatmate roommate "
    "best friend"
)
PETS = (
    "cat dog kitten puppy parrot budgie canary bird horse pony rabbit hamster guinea pig ferret "
    "tortoise turtle snake lizard gecko goldfish fish hen chicken goat donkey mouse rat tarantula "
    "hedgehog bee duck pigeon terrier greyhound poodle labrador spaniel collie dachshund whippet"
)
JOBS = (
    "teacher nurse doctor surgeon dentist vet veterinarian lawyer solicitor barrister judge "
    "engineer programmer developer designer architect carpenter plumber electrician mechanic "
    "builder baker butcher chef cook waiter waitress barista gardener farmer fisherman sailor "
    "captain pilot driver postman soldier policeman policewoman detective firefighter paramedic "
    "pharmacist chemist physicist biologist botanist geologist astronomer mathematician historian "
    "archaeologist librarian archivist journalist reporter editor writer novelist poet author "
    "translator interpreter painter sculptor photographer musician violinist pianist cellist "
    "composer singer actor actress dancer tailor weaver potter blacksmith jeweller watchmaker "
    "clockmaker beekeeper shepherd miller student apprentice accountant banker economist "
    "secretary receptionist salesman saleswoman shopkeeper bookseller hairdresser barber "
    "therapist psychologist psychiatrist midwife priest vicar monk nun professor lecturer tutor "
    "scientist researcher statistician lighthouse keeper bus driver taxi driver data scientist "
    "social worker civil servant welder trucker cashier cleaner janitor roofer bricklayer "
    "bartender manager consultant analyst technician instructor coach trainer streamer youtuber "
    "cop florist optician physiotherapist surveyor freelancer entrepreneur sysadmin tester carer "
    "caregiver nanny babysitter housewife politician diplomat ranger miner logger stonemason "
    "locksmith undertaker"
)
PLAYED = (
    "piano violin viola cello flute guitar drums trumpet trombone saxophone clarinet oboe harp "
    "organ accordion banjo mandolin ukulele harmonica chess bridge poker football soccer rugby "
    "cricket tennis squash badminton hockey golf basketball volleyball darts go backgammon"
)
LANGUAGES = (
    "English French German Spanish Italian Portuguese Dutch Danish Swedish Norwegian Finnish "
    "Icelandic Polish Czech Slovak Hungarian Romanian Bulgarian Greek Turkish Russian Ukrainian "
    "Arabic Hebrew Persian Hindi Urdu Bengali Tamil Chinese Mandarin Cantonese Japanese Korean "
    "Vietnamese Thai Welsh Irish Gaelic Latin Esperanto Catalan Basque Swahili"
)
_TWO_WORD_ENTRIES = ("guinea pig", "best friend", "lighthouse keeper", "bus driver", "taxi driver",
          "data scientist", "social worker", "civil servant")  # fmt: skip


def alternatives(words: str) -> str:
    """A word list as an alternation of a regular expression, longest first."""
    pairs = [pair for pair in _TWO_WORD_ENTRIES if pair in words]
    for pair in pairs:
        words = words.replace(pair, "")
    parts = sorted({*words.split(), *pairs}, key=len, reverse=True)
    return "(?:" + "|".join(parts) + ")"
