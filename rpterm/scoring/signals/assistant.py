"""Whether a reply falls into the voice of a machine that helps, or refuses like one.

Weighted phrases: one that no character says ("as a language model") is enough; mild ones, which a
butler or a doctor may say, must come together. Speech about machines in the third person does not
count. It does not know languages other than English.
"""

from __future__ import annotations

import re

from rpterm.scoring.records import Cost, Dimension, Evidence, Reading, Scene

_SURE = (
    r"\b(?:as|being|i(?:'| a)?m(?: just| only| merely| really)?|me being) (?:just |only )?"
    r"(?:an? )(?:\w+ )?(?:ai|a\.i\.|(?:large )?language model|llm|chat ?bot|bot|artificial "
    r"intelligence|(?:virtual|digital|automated|computer) (?:assistant|program|model)|program|"
    r"neural network|machine learning \w+|text[- ]based \w+)\b(?!['’]s)",
    r"\b(?:language model|openai|anthropic|chatgpt|training (?:data|cut-?off)|knowledge cut-?off|"
    r"large language|content (?:policy|guidelines|policies)|usage (?:policy|policies)|"
    r"community guidelines|system prompt|role-?play(?:ing)?|this (?:scenario|fictional)|"
    r"my (?:programming|guidelines|developers|creators at|training|instructions as)|"
    r"ethical guidelines|fictional (?:character|scenario|setting)|stay(?:ing)? in character|"
    r"break(?:ing)? character|out of character|ooc)\b",
    r"\bi (?:do not|don't|cannot|can't|can not) (?:actually |really )?(?:have|possess|experience|"
    r"feel|access|browse) (?:\w+ )?(?:personal (?:opinions?|experiences?|feelings?|beliefs?|"
    r"preferences?)|real[- ]time|the internet|a physical (?:body|form)|human (?:emotions?|"
    r"feelings?)|consciousness)",
    r"\b(?:inappropriate|offensive|harmful|explicit|unsafe) (?:content|material|language|"
    r"requests?|information|topics?)\b",
)
_MILD = (
    r"\b(?:how|what) (?:can|may|else can) i (?:help|assist|do to help)(?: you)?(?: with)?\b",
    r"\b(?:i(?:'m| am)|i'd be|i would be|always) (?:here|happy|glad|delighted|ready) to "
    r"(?:help|assist|support|provide|answer|clarify|explain)\b",
    r"\b(?:i(?:'m| am) (?:really |so |very )?sorry|i apologi[sz]e|apologies|unfortunately|my "
    r"apologies),? (?:but |for (?:any|the) (?:confusion|inconvenience|misunderstanding)|i)\b",
    r"\bi (?:cannot|can't|can not|am unable to|am not able to|won't be able to|must decline to|"
    r"am not comfortable|'m unable to|'m not able to) (?:\w+ )?(?:assist|help|provide|fulfil+|"
    r"comply|engage|generate|create|support|continue|discuss|offer|answer|share|respond)\w*\b",
    r"\b(?:feel free to|please (?:let me know|note that|provide|clarify|specify|consult)|don't "
    r"hesitate to|let me know if|if you (?:have|need) any (?:other|more|further)|is there anything "
    r"else|do you have any (?:other|more|further) questions)\b",
    r"\b(?:it(?:'s| is) (?:important|crucial|essential|worth|best|always) to (?:note|remember|"
    r"consult|consider|seek|prioriti[sz]e|respect|understand)|seek (?:professional|medical|legal) "
    r"(?:help|advice)|(?:qualified|healthcare|mental health|licensed) professional|consult (?:a|an|"
    r"with) \w+)\b",
    r"\b(?:great|excellent|good|interesting) question\b|\b(?:certainly|absolutely|of course|sure"
    r"(?: thing)?)[!,] (?:here|i can|i'd|let's|let me|below)\b",
    r"\b(?:here (?:are|is) (?:some|a few|the|a (?:list|summary|brief))|in (?:summary|conclusion)|"
    r"to summari[sz]e|key (?:points|takeaways)|pros and cons|step[- ]by[- ]step|overall,)\b",
    r"^[ \t]*(?:\d+[.)]|[-•]) +\S.*\n+[ \t]*(?:\d+[.)]|[-•]) +\S|\*\*[^*\n]+\*\*:?|^#{1,4} \S",
    r"\b(?:safe and respectful|respectful (?:and|conversation|manner|dialogue)|positive and|"
    r"thank you for (?:your (?:understanding|question|patience)|bringing|sharing|reaching)|"
    r"(?:illegal|unethical|dangerous) (?:activit|behavio)|against (?:my|our) (?:policy|values))",
    r"\b(?:your (?:request|query|inquiry|question)|the information you|helpful information|more "
    r"information|additional (?:details|information)|more context|any questions|this topic|"
    r"accurate (?:and|information)|various (?:factors|reasons))\b",
)
_WHOLE_SURE = [re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in _SURE]
_WHOLE_MILD = [re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in _MILD]
_ENOUGH = 2


class AssistantVoice:
    """Value: 1 for a sure phrase or two mild ones, 0.5 for one mild one, else 0."""

    name = "assistant_voice"
    dimension: Dimension = "boundaries"
    cost: Cost = "words"

    def measure(self, reply: str, scene: Scene) -> Reading:
        text = reply.replace("’", "'")
        sure = [match for pattern in _WHOLE_SURE for match in pattern.finditer(text)]
        mild = [match for pattern in _WHOLE_MILD for match in pattern.finditer(text)]
        found = tuple(
            Evidence(match.start(), match.end(), "the voice of an assistant")
            for match in sorted(sure + mild, key=lambda match: match.start())
        )
        value = 1.0 if sure else min(1.0, len(mild) / _ENOUGH)
        return Reading(value, 1.0 if reply.strip() else 0.0, found)
