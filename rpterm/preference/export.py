"""Exports judgements as training data: chats one by one, as records, rows and files.

The same store always gives the same bytes. It keeps only one chat in memory, and the digests of
``duplicates``. A chat is read only after its consent was checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from rpterm.errors import InvalidChoice, RptermError
from rpterm.paths import sha256
from rpterm.preference.check.checker import check
from rpterm.preference.dataset_card import dataset_card
from rpterm.preference.duplicates import DuplicateFilter
from rpterm.preference.export_folder import (
    MANIFEST,
    JsonlWriter,
    replace_folder,
    review_file,
    to_parquet,
)
from rpterm.preference.export_result import ExportOptions, ExportResult
from rpterm.preference.formats import FORMATS, OFFERED, Format, Row, Shape
from rpterm.preference.left_out import NOT_MARKED, explain_empty_export, explain_unrated
from rpterm.preference.prompt_builder import PromptBuilder
from rpterm.preference.record_builder import (
    SOURCE_OF_KIND,
    ChatJudgements,
    build_records,
)
from rpterm.preference.records import Dropped, Record
from rpterm.preference.scrub import Scrubber, name_parts
from rpterm.preference.splits import conversation_of, held_out, judged_conversations
from rpterm.preference.trainer_model import TrainerModel
from rpterm.prompt.perspective import as_heard, speaker_of, view_for
from rpterm.store import Store
from rpterm.store.cast import Casts
from rpterm.store.judgements import Judgements
from rpterm.store.memory.distilled import Distilled
from rpterm.store.memory.memories import Memories
from rpterm.types import Chat, Turn

LAYOUT = 1
"""Version of the folder's layout, stored in its manifest."""

SPLITS = ("train", "test")


def export(
    judgements: Judgements,
    out: Path,
    options: ExportOptions,
    model: TrainerModel,
    system: Callable[[Chat], str],
) -> ExportResult:
    """Write the export; an earlier one at ``out`` is replaced at the very end.

    Args:
        system: Returns the system prompt of a chat.

    Raises:
        RptermError: There is nothing to export, it has serious faults and the export is
            ``strict``, or ``out`` cannot be written.
        InvalidChoice: There is no such format.
    """
    if options.format not in FORMATS:
        raise InvalidChoice(
            f"There is no format {options.format!r}; there are {', '.join(OFFERED)}."
        )
    run = _Run(judgements, options, model, system)
    with replace_folder(out) as folder:
        run.write(folder)
        if not sum(run.result.rows.values()):
            raise RptermError(run.nothing())
        run.describe(folder)
        if options.strict:
            faults = check(folder, model, region=options.region).strict
            if faults:
                raise RptermError(" ".join(each.text for each in faults))
    run.write_review(out)
    return run.result


class _Run:
    """One run of an export."""

    def __init__(
        self,
        judgements: Judgements,
        options: ExportOptions,
        model: TrainerModel,
        system: Callable[[Chat], str],
    ) -> None:
        self.judgements = judgements
        self.options = options
        self.model = model
        self.system = system
        self.format: Format = FORMATS[options.format]
        self.result = ExportResult()
        self._kinds = frozenset(kind for table in self.format.tables for kind in table.kinds)
        self.files: dict[tuple[str, str], str] = {}
        self._duplicates = DuplicateFilter()
        self._scrub = Scrubber(self._persona_names(), options.region) if options.scrub else None
        self._shape = Shape(
            greeting=options.greeting,
            model=model,
            exact=None if options.scrub else self._exact_prompt,
        )

    def write(self, folder: Path) -> None:
        """Write all rows, and the list of judgements that were left out."""
        with ExitStack() as stack:
            tables = {
                (table.name, split): stack.enter_context(
                    JsonlWriter(folder / "data" / f"{_stem(table.name, split)}.jsonl")
                )
                for table in self.format.tables
                for split in SPLITS
            }
            left_out = stack.enter_context(JsonlWriter(folder / "about" / "left-out.jsonl"))
            for record, split in self._records(left_out):
                self._write_row(record, split, tables)
        for key, lines in tables.items():
            if lines.rows:
                path = lines.path
                if self.options.file_type == "parquet":
                    path = to_parquet(path)
                self.files[key] = f"data/{path.name}"
                self.result.rows[path.stem] = lines.rows

    def describe(self, folder: Path) -> None:
        """Write the dataset card, the format's extra files, and the manifest."""
        limit = self.options.max_tokens
        extras = self.format.extras(self.files, limit) if self.format.extras else {}
        for name, text in extras.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        card = dataset_card(self.format, self.files, self.result.figures, self._about())
        (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
        manifest = {
            "rpterm_export": LAYOUT,
            "about": self._about(),
            "rows": self.result.rows,
            "cut_prompts": self.result.cut,
            "duels": self.result.figures.duel_figures(),
            "left_out": dict(sorted(self.result.left_out.items())),
            "scrubbed": dict(sorted(self.result.scrubbed.items())),
            "sha256": {
                str(path.relative_to(folder).as_posix()): sha256(path)
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            },
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")

    def write_review(self, out: Path) -> None:
        """List what the scrubber removed in a file next to the export, not inside it."""
        if self._scrub is None or not self._scrub.found:
            return
        self.result.review = review_file(out.absolute())
        with JsonlWriter(self.result.review) as lines:
            for row in self._scrub.review():
                lines.add(row)

    def nothing(self) -> str:
        """The error message for an export without rows."""
        if self.result.judged_chats:
            return explain_empty_export(self.options, self.result)
        judged = {self.judgements.store.chat(each).card_name for each in self.judgements.chats()}
        return explain_unrated(self.options.card, sorted(judged))

    # -------------------------------------------------------------------------------------------
    def _records(self, left_out: JsonlWriter) -> Iterator[tuple[Record, str]]:
        chats = self._exportable_chats()
        conversations = chain.from_iterable(
            judged_conversations(self.judgements, chat.id) for chat in chats
        )
        tested = held_out(conversations, self.options.split)
        for material in _prefetched(map(self._material, chats)):
            chat = material.chat.id
            self.result.figures.add_duels(material.comparisons)
            kinds = {r.kind for r in material.ratings} | {c.kind for c in material.comparisons}
            sources = {SOURCE_OF_KIND[each] for each in kinds}
            self.result.unwanted |= sources - self.options.wanted.sources
            result = build_records(material, self.options.wanted, self._kinds)
            self.result.cut += material.prompts.cut
            self.result.bare += material.prompts.bare
            self.result.longest = max(self.result.longest, material.prompts.longest)
            for dropped in result.dropped:
                self._leave_out(dropped, left_out)
            self._duplicates.start_chat()
            for record in result.records:
                if record.kind not in self._kinds:
                    self.result.unused[record.kind] += 1
                    continue
                turn, method = record.reply.turn, record.meta.how.method
                conversation = conversation_of(chat, material.prompts.turns, turn, method)
                split = "test" if conversation in tested else "train"
                reason = self._duplicates.rejection(record, split)
                if reason is None:
                    yield record, split
                    continue
                for number in record.meta.judgements:
                    self._leave_out(Dropped(number, chat, reason), left_out)

    def _exportable_chats(self) -> list[Chat]:
        judged = map(self.judgements.store.chat, self.judgements.chats())
        chats = [chat for chat in judged if self.options.card in (None, chat.card_name)]
        exportable = [chat for chat in chats if self.judgements.exportable(chat.id)]
        self.result.judged_chats = len(chats)
        if forbidden := len(chats) - len(exportable):
            self.result.left_out[NOT_MARKED] = forbidden
        self.result.chats = len(exportable)
        return exportable

    def _material(self, chat: Chat) -> ChatJudgements:
        turns, others = turns_as_heard(self.judgements.store, chat.id)
        ratings = list(self.judgements.ratings(chat.id))
        comparisons = list(self.judgements.comparisons(chat.id))
        own_ratings = [each for each in ratings if each.turn_id not in others]
        own_comparisons = [each for each in comparisons if others.isdisjoint(each.turns)]
        own_count = len(own_ratings) + len(own_comparisons)
        if foreign := len(ratings) + len(comparisons) - own_count:
            self.result.left_out["said by another character than the chat's own"] += foreign
        prompts = PromptBuilder(
            turns,
            self.system(chat),
            self.model,
            max_tokens=self.options.max_tokens,
            clean=self._scrub.all if self._scrub is not None else list,
        )
        origins = self.judgements.origins(chat.id)
        return ChatJudgements(chat, prompts, own_ratings, own_comparisons, origins)

    def _write_row(
        self, record: Record, split: str, tables: dict[tuple[str, str], JsonlWriter]
    ) -> None:
        written = False
        for table in self.format.tables:
            if record.kind in table.kinds:
                row = table.row(record, self._shape)
                if row is not None:
                    tables[table.name, split].add(row)
                    written = True
        if written:
            self.result.figures.add(record)
        else:
            self.result.unplaced += 1

    def _leave_out(self, dropped: Dropped, left_out: JsonlWriter) -> None:
        self.result.left_out[dropped.why] += 1
        left_out.add({"judgement": dropped.judgement, "chat": dropped.chat, "why": dropped.why})

    def _persona_names(self) -> list[str]:
        """The names of personas, those that users told, and the parts of both."""
        store = self.judgements.store
        names = {persona.name for persona in store.personas()} | set(self.judgements.personas())
        names |= set(Distilled(Memories(store)).names_told())
        return sorted(names.union(*map(name_parts, names)))

    def _exact_prompt(self, turn_id: int) -> Row | None:
        generation = self.judgements.store.generation(turn_id)
        if generation is None:
            return None
        return {"prompt_text": generation.prompt_text, "prompt_ids": list(generation.prompt_ids)}

    def _about(self) -> dict[str, object]:
        options = self.options
        if self._scrub is not None and not self.result.scrubbed:
            for (kind, _), count in self._scrub.found.items():
                self.result.scrubbed[kind] += count
        return {
            "format": options.format,
            "sources": sorted(source.value for source in options.wanted.sources),
            "greeting": options.greeting.value,
            "split": options.split,
            "max_tokens": options.max_tokens,
            "min_edit": options.wanted.min_edit,
            "scrub": options.scrub,
            "licence": options.licence,
            "model": self.model.name,
        }


def turns_as_heard(store: Store, chat_id: int) -> tuple[list[Turn], frozenset[int]]:
    """All turns as the chat's own character hears them, and the ids of other characters' turns.

    In a group chat the replies of others become messages that it hears, headed by their names, as
    in its prompts. They were generated from other cards, so they make no records of their own.
    """
    turns, cast = store.tree(chat_id), Casts(store).get(chat_id)
    if cast is None or len(cast.members) < 2:
        return turns, frozenset()
    lead = cast.members[0]
    others = frozenset(turn.id for turn in turns if speaker_of(cast, turn) not in (None, lead))
    return [as_heard(turn) for turn in view_for(cast, lead, turns)], others


def _prefetched(materials: Iterator[ChatJudgements]) -> Iterator[ChatJudgements]:
    """Stay one item ahead, so that the tokens of the next one are counted in the background."""
    before: ChatJudgements | None = None
    for material in materials:
        if before is not None:
            yield before
        before = material
    if before is not None:
        yield before


def _stem(table: str, split: str) -> str:
    return f"{table}-{split}" if table else split
