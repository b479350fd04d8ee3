"""Regular expressions for predicates that say something lasting about a person. English.

The word lists cover looks, manner, work and what people are; the forms cover being, having, liking
and habit. ``claims`` combines them; nothing here knows a book.
"""

from __future__ import annotations

import re


def alternatives(text: str) -> str:
    """The words of a text as an alternation of a regular expression, longest first."""
    return "|".join(sorted(text.split(), key=lambda word: (-len(word), word)))


KIN_TEXT = (
    "father mother brother sister son daughter husband wife uncle aunt cousin nephew niece "
    "friend master servant governess ward guardian partner rival enemy neighbour teacher "
    "pupil lover companion colleague guest widow widower grandmother grandfather stepmother "
    "stepfather"
)
KIN = re.compile(rf"\b(?:{KIN_TEXT.replace(' ', '|')})s?\b")
BODY = alternatives(
    "eye eyes hair face figure beard moustache moustaches whiskers nose complexion forehead brow "
    "brows eyebrows chin jaw cheek cheeks lips mouth teeth hand hands finger fingers shoulders "
    "frame build features countenance head neck legs arms feet skin curls locks lashes stature "
    "height voice"
)
LOOKS = alternatives(
    "tall short stout thin slender lean slim fat plump handsome beautiful pretty plain ugly bald "
    "gaunt lanky dark fair blonde freckled lame deaf blind small little big large broad "
    "broad-shouldered good-looking well-dressed well-made middle-sized red-haired dark-haired "
    "fair-haired gray-haired grey-haired grizzled elegant graceful lovely comely homely portly "
    "burly wiry bony dainty delicate powerful strong muscular athletic hunchbacked deformed "
    "swarthy ruddy sallow sunburnt clean-shaven bearded well-grown spectacles dressed"
)
STEADY = alternatives(
    "clever stupid vain selfish generous conceited obstinate stubborn honest warm-hearted "
    "affectionate sincere cautious brave timid ignorant indolent good-natured ill-tempered "
    "reserved sceptical benevolent harmless practical modest sensible intelligent amiable "
    "talkative taciturn proud shy patient kind-hearted good-humoured well-bred ambitious lazy "
    "idle industrious shrewd cunning crafty witty eccentric romantic imaginative methodical "
    "punctual fastidious frugal miserly avaricious greedy extravagant pious religious devout "
    "superstitious courageous cowardly hot-tempered quick-tempered even-tempered impulsive "
    "impetuous headstrong wilful high-spirited sociable unsociable hospitable charitable "
    "learned accomplished educated illiterate well-read popular respectable rich wealthy poor "
    "fond partial vulgar refined simple unaffected artless bachelor unmarried married single "
    "temperate abstemious scrupulous trustworthy faithful loyal unscrupulous weak-minded "
    "strong-minded simple-minded absent-minded narrow-minded sensitive nervous capable incapable "
    "skilful expert deft observant inquisitive curious gifted talented musical poetic "
    "bookish studious dreamy restless energetic active lively cheerful gay melancholy "
    "sentimental cynical sarcastic satirical austere strict severe stern pompous formal solemn "
    "dignified haughty arrogant insolent humble meek gentle tender-hearted compassionate "
    "soft-hearted hard-hearted merciless ruthless cruel vindictive jealous passionate "
    "hypochondriac valetudinarian invalid orphan foreign English French German Irish Scotch "
    "American Russian Polish Italian Jewish frank unassuming gallant gentlemanlike "
    "gentleman-like ladylike diffident bashful prudent thoughtful serious calm placid indulgent "
    "hypocritical treacherous fearless bold spirited independent docile obedient dutiful "
    "mischievous saucy impertinent solitary stingy thrifty tidy neat untidy slovenly careless "
    "heedless forgetful odd queer dull slow cold-hearted light-hearted open-hearted"
)
MOODY = alternatives(
    "kind quiet silent grave patient polite civil angry proud cheerful gay melancholy nervous "
    "restless lively gentle stern severe curious active rich poor dark little short happy "
    "unhappy agreeable pleasant well lovely beautiful pretty jealous solemn cruel brave single "
    "incapable capable simple strong weak small plain formal humble popular strict blind deaf "
    "dressed passionate insolent fair idle serious calm bold odd queer dull slow thoughtful "
    "sensible sensitive indulgent capable careless neat independent jealous"
)
MIND = alternatives(
    "temper manner manners character disposition spirit spirits humour nature imagination vanity "
    "pride courage taste tastes talent talents genius passion habit habits wit conscience "
    "principles fortune income house estate property memory education appetite constitution "
    "weakness dread horror accent knowledge experience powers abilities ability understanding "
    "intellect brain turn trick liking dislike fancy prejudice belief faith ear opinion "
    "brothers sisters children son daughter wife husband family fault faults air walk smile "
    "appearance way ways good-nature cleverness ideas notions business practice shop money "
    "patience heart conceit contempt sense"
)
WORK = alternatives(
    "clergyman doctor physician surgeon lawyer attorney solicitor detective merchant farmer "
    "officer soldier sailor teacher schoolmaster schoolmistress printer manufacturer banker clerk "
    "servant housekeeper landlord landlady poet writer author artist painter student professor "
    "inspector policeman profession trade beadle rector vicar curate weaver shopkeeper "
    "partner member capitalist master musician pianist philosopher chemist anarchist tutor nurse "
    "cook engineer carpenter blacksmith butcher baker tailor sempstress seamstress dressmaker "
    "milliner governess maid footman butler coachman groom gardener gamekeeper steward agent "
    "magistrate judge barrister squire baronet knight earl duke count marquis baron lord prince "
    "princess king queen captain colonel general major lieutenant sergeant admiral bishop priest "
    "monk nun minister preacher missionary thief burglar pickpocket smuggler pirate convict spy "
    "gambler usurer moneylender broker speculator trader dealer publican innkeeper waiter barber "
    "hairdresser apprentice labourer workman mechanic miner shepherd fisherman pilot mate mayor "
    "senator politician statesman diplomat journalist editor reporter critic scholar scientist "
    "naturalist astronomer mathematician actor actress singer dancer juggler gipsy pedlar tramp "
    "beggar heir heiress undertaker porter sexton"
)
PERSON = alternatives(
    "man woman girl boy person creature lady child fellow sort kind people friend gentleman "
    "youth lad being type specimen mixture widow widower bachelor spinster orphan son daughter "
    "brother sister cousin nephew niece native talker listener lover rider walker player reader "
    "dancer cook housewife manager mistress invalid favourite genius fool dreamer character "
    "personage talker walker eater drinker smoker sleeper thinker traveller collector hunter "
    "horseman mother father wife husband great-uncle match admirer hater believer sceptic hero "
    "heroine beauty coquette flirt gossip scoundrel rascal rogue villain knave brute monster "
    "Frenchman Englishman Irishman Scotchman German American Russian Pole Jew foreigner "
    "stranger cripple dwarf giant hunchback whom"
)
DEGREE = (
    r"(?:(?:\w+ly|very|so|too|quite|rather|most|not|neither|always|never|also|indeed|a little|"
    r"somewhat|both|still|by no means|by nature|in every respect|at all times|as|in general|of "
    r"course|at the same time|ever|half|all but|almost|one day|what is called|extremely)\s+){0,3}"
)
BE = (
    r"(?:was|were|is|are|am|['’]m|['’]s|had (?:always |never )?been|has (?:always |never )?been|"
    r"have (?:always |never )?been|had grown up|(?:had )?remained)"
)
NOUN = re.compile(
    rf"^{BE}\s+{DEGREE}(?P<a>(?:an?|such an?|the|one of|no|only an?|but an?|our|my|by (?:birth|"
    rf"profession|trade|no means an?|nature))\b|(?=[A-Z]))"
    rf"\s?(?P<rest>(?:[^;.]{{0,110}}?))\b(?P<noun>{WORK}|{PERSON})\b(?![’'])"
)
ADJECTIVE = re.compile(rf"^{BE}\s+(?P<degree>{DEGREE})(?P<word>{LOOKS}|{STEADY}|{MOODY})\b")
APPEARANCE = re.compile(rf"\b(?:tall|short|stout|thin|handsome|beautiful|pretty|plain|{BODY})\b")
PAIRED = re.compile(
    rf"\b(?:{LOOKS}|{STEADY}|{MOODY})(?:,| and|, and| but|, but) (?:\w+ly |very |not |so )?"
    rf"(?:{LOOKS}|{STEADY}|{MOODY})\b"
)
AGED = re.compile(
    r"\b(?:years? (?:old|of age)|aged|of age|middle-aged|elderly|(?:in|past) (?:his|her|my) "
    r"\w+(?:ies|teens)|(?:of|about|nearly|past|over|under|only|just|than)\s(?:\w+teen|twelve|twenty"
    r"|thirty|forty|fifty|sixty|seventy|eighty|(?:\w+-and-)?(?:twen|thir|for|fif|six|seven|"
    r"eigh)ty(?:-\w+)?)|(?:old|young|little) "
    r"(?:man|woman|lady|gentleman|girl|boy|fellow|maid))\b"
)
DONE = (
    r"(?:(?:always|never|not|also|long|just|often|\w+ly)\s)*(?:\w+ed|been|had|seen|set|caught|"
    r"taken|"
    r"made|done|gone|come|given|got|found|felt|kept|left|lost|put|read|said|sent|told|thought|"
    r"known|"
    r"heard|met|run|become|begun|drawn|shown|spoken|written|broken|brought|bought|held|led|"
    r"paid|sat|"
    r"stood|won|worn|let|cut|hurt|shut|struck|hung|fallen|forgotten|chosen|eaten|risen|thrown|to)\b"
)
"""Words after "had" that make it an event."""
HAS = re.compile(
    rf"^(?:had|has|have|possessed|possesses)\s+(?!{DONE}|(?:so|as|too|scarcely|hardly|"
    rf"nothing)\b)(?!(?:[a-z]+\s){{1,2}}(?:reason|business|"
    r"wish|idea|doubt|intention|need|right|occasion|difficulty|chance|opportunity|time|choice|"
    r"means|"
    r"desire|objection|cause|ground|grounds|sight|glimpse)\b)(?:always\s|never\s|also\s)?"
    rf"(?:an?|no|his|her|my|their|its|very|some|many|such|two|three|four|five|six|little|not|"
    rf"great|[a-z-]+)\s(?:(?!his\b|her\b|my\b|of\b)[a-z’'-]+,?\s){{0,4}}?(?:{BODY}|{MIND})\b"
)
NOT_LASTING = r"(?! (?:him|her|himself|herself|myself|his|their|it|you|them|that|this|to)\b)"
STATE = re.compile(
    r"^(?:\w+ly |always |never |often |seldom |still |dearly |also |had always |has always |"
    r"had never "
    r"|has never |have always |have never )?(?:live[ds] (?:in|at|near|alone|by|about|on|for|upon|"
    r"among|with (?!me|you|us))|(?:loved?|loves|likes?|dislike[ds]?|hate[ds]?|despise[ds]?|"
    rf"admire[ds]?|adore[ds]?|value[ds]?|enjoys?)\b{NOT_LASTING}|abhor(?:red|s)?\b|"
    rf"detest(?:ed|s)?\b{NOT_LASTING}|own(?:ed|s)? (?:an?|the|two|half)|"
    r"play(?:ed|s)? (?:the \w+|very well|well|cards|chess|whist|beautifully)|wore\b|wears\b|"
    r"dread(?:ed|s)\b|pride[ds]? (?:him|her|my)self|believe[ds]? in\b|prefers?\b|sp(?:oke|eaks) "
    r"(?:\w+ )?(?:French|English|German|Italian|several|many|with an? (?:\w+ )?(?:accent|"
    r"brogue|lisp"
    r"|drawl|stammer))|practised\b|taught\b|teach(?:es)? |(?:kept|keeps) (?:an?|the) (?:\w+ )?"
    r"(?:shop|house|inn|school|carriage|diary)|belong(?:ed|s) to (?:an?|the) |c[ao]mes? (?:of|"
    r"from) "
    r"an? |inherited\b|collect(?:ed|s)\b|smokes\b|earne?[ds]? (?:his|her|my) |ruled\b|married\b|"
    r"(?:knew|knows?) (?:everybody|how to)|care[ds]? (?:little|nothing|for nothing|more)|spent "
    r"(?:much"
    r"|most|all|every|whole)|c(?:ould|an) (?:(?:not|neither) (?:read|write|swim|ride|sing)|"
    r"speak|read"
    r"|play|sing|draw|dance|\w+ (?:\w+ )well))\b"
)
EVENT = (
    r"(?:been|saw|seen|heard|felt|was|were|had|knew|thought|could|would|said|went|come|came|looked|"
    r"spoke|spoken|moved|took|turned|known|so|more|before|once|again|found|forgot|left|returned|"
    r"answered|told|asked|shall|will|can|in|to|until|till|till|a|the|doubted|suspected|dreamed|"
    r"dreamt|imagined|guessed|expected|met|stirred|ceased|stopped|quite|yet|did|do|have|has|any"
    r"|happened|much|really|once|observed|noticed|tasted|wished|wanted|meant|intended|supposed|"
    r"understood|forgive|forget|see|remember|believed|occurred)\b"
)
OFTEN = r"(?:always|often|seldom|usually|generally|rarely|constantly|frequently|invariably)"
NEVER = (
    r"never (?:spoke|laughed|smiled|cried|lied|drank|smoked|swore|complained|scolded|wore|"
    r"slept|married"
    r"|failed|hurried|forgot (?:an?|his|her)|lost (?:his|her)|went (?:out|to church|anywhere)|"
    r"[a-z]+s\b(?<!ss))"
)
HABIT = re.compile(
    r"^(?:(?:was |is |am )?(?:(?:seldom|rarely) [a-z]+|"
    rf"{OFTEN} (?!{EVENT}|\w+ing\b)[a-z]+|{NEVER})|"
    r"used to (?!be\b)|(?:was|is|am) (?:\w+ )?(?:in the habit of|accustomed to|wont to)|made it a "
    r"(?:rule|point|practice)|ma[kd]es? a (?:rule|point|practice))"
)
PASSIVE = re.compile(
    rf"^{BE}\s+{DEGREE}(?:dressed in|born|named|known (?:as|for|to (?:be|every))|"
    r"considered|reputed|educated|brought up|bred|devoted to|attached to|gifted with|descended|"
    r"esteemed|respected|regarded as|famed|celebrated|employed (?:as|in|by)|apprenticed|reckoned|"
    r"said to (?:be|have)|thought to be|blessed with|endowed with|supposed to be|skilled in|versed "
    r"in|addicted to|given to|inclined to (?!think|believe|suppose|say|ask)|used to (?!the|it|"
    r"be)|proud of (?:his|her|my)|"
    r"fond of|afraid of (?:no|every|any|mice|dogs|the dark)|interested in|famous|good at|clever at|"
    r"entitled to|content with|well off|well known|at home in|in love with|deficient|wanting in)\b"
)
TRAIT = re.compile(
    rf"^(?:of an?|of|like an?|(?:\w+ly )?(?:{LOOKS}|{STEADY}|long|round|oval|"
    r"grey|gray|blue|black|brown|white|red|low|soft|deep|loud|shrill|harsh|sharp|keen|quick|square|"
    r"flat|aquiline|hooked|curly|straight|open|good|bad|excellent|easy|pleasant|pleasing|perfect|"
    r"peculiar|remarkable|striking|mild|grave|stately|manly|noble|agreeable))\b"
)
OWNED = re.compile(
    rf"^(?:[a-z-]+,?\s+){{0,3}}(?P<what>{BODY}|{MIND}|father|mother|parents|name|age|dress|mind|"
    rf"clothes|profession|favourite \w+)(?:,[^,]{{3,80}},)?\s+(?:was|were|had|is|are)\s+{DEGREE}"
)
MOMENT = re.compile(
    r"\b(?:now|just|already|moments?|minutes?|suddenly|again|(?:this|that|one|the same|next|"
    r"the next"
    r"|last|the other) (?:morning|evening|time|day|night|afternoon|week|occasion|instant)|to-?day|"
    r"to-?night|to-?morrow|yesterday|at last|at first|soon|presently|instantly|than (?:usual|ever|"
    r"before)|o’clock|o'clock|at (?:this|that)|here|once more|for the first time|by this time|"
    r"the (?:first|last|only \w+) (?:to|who|that)|too (?:\w+ ){1,2}(?:to|for)|enough to|so (?:\w+ )"
    r"{1,3}(?:that|as to)|in the (?:full |very )?(?:humour|act|middle|midst|mood)|"
    r"at the (?:sight|sound|thought)|hardly (?:had|know|knew)|as (?:if|though) (?:he|she|I)|"
    r"(?:on|upon|in|by) this\b|therefore|accordingly|thus|meanwhile|ago|since then|towards?|"
    r"at once|as usual|any longer|no longer|no doubt of|no idea|in question|an? instant|nearly "
    r"being|the heart to|no time|at a loss|"
    r"good reason|rather doubtful|glad|sorry|surprised|astonished|alarmed|pleased (?:to|with|at)|"
    r"the more|not to be|there)\b"
)
BESIDE = re.compile(
    rf"^,\s+(?P<what>(?:an?|the|our)\s+[^,;:.!?]{{6,80}}|(?:[a-z-]+,\s+)+and\s+[a-z-]+|"
    rf"who (?:was|is|had|has) [^,;:.!?]{{6,90}}|(?:{WORK})\s(?:of|at|to|in)\s[^,;:.!?]{{4,60}})"
    r"(?P<end>,\s+(?!and\b)|[.;])"
)
SELF = re.compile(
    rf"^(?:{STATE.pattern[1:]}|{HABIT.pattern[1:]}|{PASSIVE.pattern[1:]}|(?:hate|love|"
    rf"detest|abhor"
    rf"|despise|adore|prefer|crave|dislike|fear|dread|rely on|trust in|believe in)\b{NOT_LASTING}|"
    r"(?:cannot|can['’]t|could never) (?:live|bear|endure|abide|stand)\b|(?:do not|don['’]t) "
    r"(?:like "
    r"(?!to see)|care for|believe in|hold with)|never (?!"
    rf"{EVENT}|\w+ed\b)[a-z]+|live\b|come from\b|(?:am|['’]m|was) "
    rf"(?!not\b){DEGREE}(?:(?:{STEADY})\b"
    r"(?! (?:to|of|at|about|in|that|with|as)\b)|an? (?!little|bit|good deal|great deal|few|moment|"
    r"trifle)|no\b|of an?\b|one of (?:the|those)\b|the (?:\w+est|only|\w+ and \w+est|daughter|"
    r"son)\b)"
    rf"|have {DEGREE}(?:an?|no|two|three) (?:[a-z-]+ ){{0,3}}(?:{MIND}|theory|rule|profession)\b)"
)
"""Predicates with which people say something lasting about themselves."""
CONNECTED = re.compile(
    r"^(?:(?:But|And|Well|Oh|Yes|No|Why|So|For|Now|Then|You see|Besides|As for me|Ah|"
    r"Indeed)\b[,!]?\s+)"
    r"{1,2}(?=I\b)"
)
DEPENDENT = re.compile(
    r"\b(?:it|this|that|these|those|they|them|such|him|her|he|she|you|your|here|there|what|"
    r"however|also|too|indeed|still|yet|same|other|others|another)\b",
    re.IGNORECASE,
)
TRAIT_WORD = re.compile(rf"\b(?:{LOOKS}|{STEADY}|{WORK}|{BODY}|{MIND})\b")
CUT = re.compile(
    r"[;:]|--|—|, (?:and|but|for|so|who|which|when|while|as|though|that|if|or|yet|with|having|"
    r"\w+ing)\b| (?:when|while|because|so that)\b"
)
INCOMPLETE_END = re.compile(
    r"(?:\b(?:who|which|whom|that|when|where|and|or|of|an?|the|to|with|not|only|so|very|as|in|"
    r"but|neither|more|both|such|every|"
    r"his|her|[a-z]+ly)|\b(?:an?|the) (?:\w+, )*\w+(?:ed|ful|al|ous|ive|ble|ing|-like|tall|old))$"
)
