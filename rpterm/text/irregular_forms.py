"""Irregular forms of English words, for the stemmers of memory and scoring. Pure."""

from __future__ import annotations

_FORMS = (
    "ate eaten eat|began begun begin|bought buy|broke broken break|brought bring|built "
    "build|came come|caught catch|chose chosen choose|drank drunk drink|drew drawn draw|driven "
    "drove drive|fallen fell fall|fed feed|felt feel|flew flown fly|forgot forgotten "
    "forget|fought fight|found find|froze frozen freeze|gave given give|grew grown grow|heard "
    "hear|held hold|hidden hide|hung hang|kept keep|knew known know|laid lay|lent lend|lost "
    "lose|made make|meant mean|met meet|paid pay|ran run|ridden rode ride|rang ring|said "
    "say|sang sung sing|seen see|sent send|sat sit|shook shaken shake|slept sleep|sold "
    "sell|sought seek|spent spend|spoke spoken speak|stole stolen steal|stood stand|struck "
    "strike|stuck stick|swam swum swim|swore sworn swear|taken took take|taught teach|thought "
    "think|threw thrown throw|told tell|tore torn tear|understood understand|went gone go|wept "
    "weep|woke woken wake|won win|wore worn wear|written wrote write|children child|feet "
    "foot|geese goose|knives knife|men man|mice mouse|teeth tooth|wives wife|wolves wolf|women "
    "woman"
)
IRREGULAR = {form: row.split()[-1] for row in _FORMS.split("|") for form in row.split()[:-1]}
"""For an irregular form, its regular one: the infinitive of a verb, the singular of a noun."""
