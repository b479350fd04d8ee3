"""Renders the dataset card: a README for the Hugging Face hub with figures on an export. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rpterm.preference.formats.base import Format
from rpterm.preference.records import Record, Source
from rpterm.preference.stats.agreement import NOTHING, Proportion, left_wins, self_agreement
from rpterm.store.judgement_records import Comparison


@dataclass(slots=True)
class Figures:
    """Counts of the records written and of the duels in the exported chats.

    Attributes:
        longer: Pairs in which the chosen reply is the longer one, of those of unequal length.
        edits: Number of characters changed by each edit.
        verdicts: Verdicts of all duels, including ties and "both bad".
        left: Duels won by the left reply, of those won by either side.
        agreed: Repeated duels with the same winner as the first time.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    raters: Counter[str] = field(default_factory=Counter)
    longer: Proportion = NOTHING
    good: Proportion = NOTHING
    edits: list[int] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    left: Proportion = NOTHING
    agreed: Proportion = NOTHING

    def add_duels(self, comparisons: Sequence[Comparison]) -> None:
        """Count the duels of one chat."""
        self.verdicts.update(each.verdict for each in comparisons if each.kind == "duel")
        self.left += left_wins(comparisons)
        self.agreed += self_agreement(comparisons)

    def duel_figures(self) -> dict[str, object]:
        """The figures on duels, for the manifest."""
        return {
            "verdicts": dict(sorted(self.verdicts.items())),
            "left_wins": self.left.row(),
            "self_agreement": self.agreed.row(),
        }

    def add(self, record: Record) -> None:
        """Count one record."""
        self.kinds[record.kind] += 1
        self.sources[record.meta.source.value] += 1
        self.characters[record.meta.card] += 1
        self.models[record.reply.model or "(a person)"] += 1
        self.raters[record.meta.how.rater] += 1
        if record.kind == "label" and record.label is not None:
            self.good += Proportion(record.label, 1)
        if record.kind == "pair":
            one, two = len(record.reply.text), len(record.rejected.text)
            self.longer += Proportion(one > two, one != two)
            if record.meta.source is Source.EDIT and record.meta.edit is not None:
                self.edits.append(record.meta.edit)


def dataset_card(
    form: Format,
    files: Mapping[tuple[str, str], str],
    figures: Figures,
    about: Mapping[str, object],
) -> str:
    """The README of an export; its YAML header tells ``datasets`` which file is which split."""
    head: dict[str, object] = {"tags": ["role-play", "preference", "rpterm"]}
    if about.get("licence"):
        head["license"] = about["licence"]
    head["configs"] = _configs(files)
    lines = ["---", json.dumps(head, indent=2), "---", "", "# Role-play preference data", ""]
    lines += [f"Exported by rpterm for {form.reader}.", "", "| what | figure |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in _table_rows(figures)]
    lines += ["", "## How it was made", "", "```json", json.dumps(dict(about), indent=2), "```", ""]
    lines += [
        "It contains only chats whose owner marked them as exportable. The replies of a pair "
        "share one exact prompt: the character's description and the conversation. What else the "
        "model saw (recalled memories, lorebook entries, example dialogues, the author's note) is "
        "only in --format raw with --no-scrub.",
        "Train and test share no prompt and, except for the separate "
        "messages of a duel, no chat. But they share characters, and so their descriptions: a "
        "test on characters that were not trained on needs an export of its own (--card).",
    ]
    if about.get("scrub"):
        lines += [
            "Names of personas, mail addresses, phone numbers, paths and keys were removed by "
            "rules. Rules miss things, so read the data before you publish it.",
        ]
    return "\n".join(lines) + "\n"


def _configs(files: Mapping[tuple[str, str], str]) -> list[dict[str, object]]:
    tables: dict[str, list[dict[str, str]]] = {}
    for (table, split), path in files.items():
        tables.setdefault(table, []).append({"split": split, "path": path})
    return [
        {"config_name": table or "default", "data_files": parts} for table, parts in tables.items()
    ]


def _table_rows(figures: Figures) -> list[tuple[str, str]]:
    rows = [(f"records: {kind}", str(count)) for kind, count in sorted(figures.kinds.items())]
    for name in ("sources", "characters", "models", "raters"):
        counts: Counter[str] = getattr(figures, name)
        listed = ", ".join(f"{_cell(key)} {count}" for key, count in sorted(counts.items()))
        rows.append((name, listed or "–"))
    shares = (
        ("chosen reply is the longer one", figures.longer),
        ("left reply won the duel", figures.left),
        ("same verdict when asked again", figures.agreed),
        ("good among labelled replies", figures.good),
    )
    rows += [(name, share.text) for name, share in shares if share.total]
    if figures.edits:
        median = sorted(figures.edits)[len(figures.edits) // 2]
        rows.append(("characters touched by an edit, median", str(median)))
    return rows


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
