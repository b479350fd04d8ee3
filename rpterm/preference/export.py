"""The export: chats one by one, records into rows, rows into files. Same store, same bytes.

Memory is that of one chat and of the digests that find duplicates and leaks. Nothing of a chat is
read before its consent is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rpterm.preference.card import Figures, dataset_card
from rpterm.preference.company import as_lived
from rpterm.preference.formats import FORMATS, OFFERED, Format, Row, Shape
from rpterm.preference.harvest import SOURCES, Material, Wanted, harvest
from rpterm.preference.history import PER_MESSAGE, Count, History
from rpterm.preference.nothing import NOT_MARKED, PassedOver, nobody, why
from rpterm.preference.records import Dropped, Messages, Record
from rpterm.preference.scrub import REGION, Scrubber
from rpterm.preference.shaping import Greeting
from rpterm.preference.writing import MANIFEST, ExportError, Lines, replacing, to_parquet
from rpterm.store.judgements import Judgements
from rpterm.types import Chat, NoSuchChoice

LAYOUT = 1
"""Version of the folder's layout, in its manifest."""

SPLITS = ("train", "test")
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What to export, and how.

    Attributes:
        greeting: What becomes of a greeting before the first user turn.
        split: Share of chats whose rows are for testing.
        max_tokens: Of prompt and reply; longer histories are trimmed at turns. 0 is no limit.
        card: Only chats with this character.
    """

    format: str = "trl_dpo"
    wanted: Wanted = Wanted()  # noqa: RUF009 - frozen
    greeting: Greeting = Greeting.AUTO
    split: float = 0.1
    max_tokens: int = 1024
    scrub: bool = True
    region: str = REGION
    licence: str = ""
    file_type: Literal["jsonl", "parquet"] = "jsonl"
    card: str | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What the export needs to know of a model.

    Attributes:
        system: The system prompt of a chat.
        count: Of its tokens.
        per_message: Tokens of the scaffold that its template puts around a message.
        render: Messages in the model's template, up to where the reply begins.
        user_first: Its template wants the user to speak first.
        no_system: Its template refuses system messages.
    """

    system: Callable[[Chat], str]
    count: Count
    render: Callable[[Messages], str]
    end: str = ""
    user_first: bool = False
    name: str = ""
    per_message: int = PER_MESSAGE
    no_system: bool = False


@dataclass(slots=True)
class Exported:
    """What an export did.

    Attributes:
        cut: Prompts whose oldest turns had no room within the limit of tokens.
    """

    rows: dict[str, int] = field(default_factory=dict)
    cut: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    scrubbed: Counter[str] = field(default_factory=Counter)
    review: Path | None = None
    figures: Figures = field(default_factory=Figures)


def split_of(chat: int, share: float) -> str:
    """Train or test, by a hash of the chat's number: a chat never moves when others come."""
    drawn = int.from_bytes(hashlib.sha256(f"rpterm chat {chat}".encode()).digest()[:8], "big")
    return "test" if drawn < share * 2**64 else "train"


def export(
    judgements: Judgements,
    out: Path,
    options: Options,
    model: Model,
    look: Callable[[Path], None] | None = None,
) -> Exported:
    """Write the export; an earlier one at ``out`` is replaced at the very end.

    Args:
        look: Looks at the finished export before that; when it raises, nothing is replaced.

    Raises:
        ExportError: There is nothing to export, or ``out`` cannot be written.
        NoSuchChoice: There is no such format.
    """
    if options.format not in FORMATS:
        raise NoSuchChoice(
            f"There is no format {options.format!r}; there are {', '.join(OFFERED)}."
        )
    run = _Run(judgements, options, model)
    with replacing(out) as folder:
        run.write(folder)
        if not sum(run.done.rows.values()):
            raise ExportError(run.nothing())
        run.describe(folder)
        if look is not None:
            look(folder)
    run.write_review(out)
    return run.done


class _Run:
    def __init__(self, judgements: Judgements, options: Options, model: Model) -> None:
        self.judgements = judgements
        self.options = options
        self.model = model
        self.format: Format = FORMATS[options.format]
        self.done = Exported()
        self._passed = PassedOver(options.wanted.sources, options.max_tokens)
        self._kinds = frozenset(kind for table in self.format.tables for kind in table.kinds)
        self.files: dict[tuple[str, str], str] = {}
        self._seen: set[bytes] = set()
        self._chosen: dict[bytes, bytes] = {}
        self._splits: dict[bytes, str] = {}
        self._scrub = Scrubber(self._names(), options.region) if options.scrub else None
        self._shape = Shape(
            greeting=options.greeting,
            user_first=model.user_first,
            render=model.render,
            end=model.end,
            exact=None if options.scrub else self._exact,
            no_system=model.no_system,
        )

    def write(self, folder: Path) -> None:
        """All rows, and the list of judgements that gave none."""
        with ExitStack() as stack:
            tables = {
                (table.name, split): stack.enter_context(
                    Lines(folder / "data" / f"{_stem(table.name, split)}.jsonl")
                )
                for table in self.format.tables
                for split in SPLITS
            }
            gone = stack.enter_context(Lines(folder / "about" / "left-out.jsonl"))
            for record, split in self._records(gone):
                self._place(record, split, tables)
        for key, lines in tables.items():
            if lines.rows:
                path = lines.path
                if self.options.file_type == "parquet":
                    path = to_parquet(path)
                self.files[key] = f"data/{path.name}"
                self.done.rows[path.stem] = lines.rows

    def describe(self, folder: Path) -> None:
        """Dataset card, the reader's own files, and the manifest."""
        limit = self.options.max_tokens
        extras = self.format.extras(self.files, limit) if self.format.extras else {}
        for name, text in extras.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        card = dataset_card(self.format, self.files, self.done.figures, self._about())
        (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
        manifest = {
            "rpterm_export": LAYOUT,
            "about": self._about(),
            "rows": self.done.rows,
            "cut_prompts": self.done.cut,
            "duels": self.done.figures.duels(),
            "left_out": dict(sorted(self.done.left_out.items())),
            "scrubbed": dict(sorted(self.done.scrubbed.items())),
            "sha256": {
                str(path.relative_to(folder).as_posix()): _sha256(path)
                for path in sorted(folder.rglob("*"))
                if path.is_file()
            },
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8", newline="\n")

    def write_review(self, out: Path) -> None:
        """What the scrub took, beside the export: it must not travel with it."""
        if self._scrub is None or not self._scrub.found:
            return
        self.done.review = out.absolute().with_name(f"{out.name}-scrubbed.jsonl")
        with Lines(self.done.review) as lines:
            for row in self._scrub.review():
                lines.add(row)

    def nothing(self) -> str:
        """Why there is no row at all."""
        if self._passed.chats:
            return why(self.format, self._passed, self.done.left_out)
        judged = {self.judgements.store.chat(each).card_name for each in self.judgements.chats()}
        return nobody(self.options.card, sorted(judged))

    # -------------------------------------------------------------------------------------------
    def _records(self, gone: Lines) -> Iterator[tuple[Record, str]]:
        for material in _ahead(self._materials()):
            chat = material.chat.id
            split = split_of(chat, self.options.split)
            self.done.figures.look(material.comparisons)
            kinds = {r.kind for r in material.ratings} | {c.kind for c in material.comparisons}
            self._passed.sources |= {SOURCES[each] for each in kinds} - self.options.wanted.sources
            result = harvest(material, self.options.wanted, self._kinds)
            self.done.cut += material.history.cut
            self._passed.longest = max(self._passed.longest, material.history.longest)
            for dropped in result.dropped:
                self._leave_out(dropped, gone)
            digests: dict[int, bytes] = {}
            for record in result.records:
                if record.kind not in self._kinds:
                    self._passed.kinds[record.kind] += 1
                    continue
                reason = self._unwanted(record, split, digests)
                if reason is None:
                    yield record, split
                    continue
                for number in record.meta.judgements:
                    self._leave_out(Dropped(number, chat, reason), gone)

    def _materials(self) -> Iterator[Material]:
        for chat_id in self.judgements.chats():
            chat = self.judgements.store.chat(chat_id)
            if self.options.card is not None and chat.card_name != self.options.card:
                continue
            self._passed.chats += 1
            if self.judgements.exportable(chat_id):
                yield self._material(chat)
            else:
                self.done.left_out[NOT_MARKED] += 1

    def _material(self, chat: Chat) -> Material:
        turns, others = as_lived(self.judgements.store, chat.id)
        ratings = list(self.judgements.ratings(chat.id))
        comparisons = list(self.judgements.comparisons(chat.id))
        own = [each for each in ratings if each.turn_id not in others]
        compared = [c for c in comparisons if not others & {c.left_id, c.right_id}]
        if gone := len(ratings) - len(own) + len(comparisons) - len(compared):
            self.done.left_out["said by another character than the chat's own"] += gone
        history = History(
            turns,
            self.model.system(chat),
            max_tokens=self.options.max_tokens,
            count=self.model.count,
            clean=self._scrub.all if self._scrub is not None else list,
            per_message=self.model.per_message,
        )
        return Material(
            chat,
            history,
            own,
            compared,
            self.judgements.origins(chat.id),
        )

    def _unwanted(self, record: Record, split: str, digests: dict[int, bytes]) -> str | None:
        prompt = digests.get(id(record.prompt))
        if prompt is None:
            said = [part for message in record.prompt for part in message]
            prompt = digests[id(record.prompt)] = _digest(*map(_of_text, said))
        if self._splits.setdefault(prompt, split) != split:
            return "the same prompt is in the other split"
        texts = _of_text(record.reply.text), _of_text(record.other.text if record.other else "")
        reason = record.meta.reason if record.kind == "flag" else ""
        key = _digest(prompt, *map(_of_text, (record.kind, str(record.label), reason)), *texts)
        if key in self._seen:
            return "the same row is there already"
        if record.kind == "pair":
            both = _digest(prompt, *sorted(texts))
            if self._chosen.setdefault(both, key) != key:  # the key has the texts in their order
                return "another chat has the opposite verdict"
        self._seen.add(key)
        return None

    def _place(self, record: Record, split: str, tables: dict[tuple[str, str], Lines]) -> None:
        used = False
        for table in self.format.tables:
            if record.kind in table.kinds:
                row = table.row(record, self._shape)
                if row is not None:
                    tables[table.name, split].add(row)
                    used = True
        if used:
            self.done.figures.add(record)
        else:
            self._passed.unplaced += 1

    def _leave_out(self, dropped: Dropped, gone: Lines) -> None:
        self.done.left_out[dropped.why] += 1
        gone.add({"judgement": dropped.judgement, "chat": dropped.chat, "why": dropped.why})

    def _names(self) -> list[str]:
        names = {persona.name for persona in self.judgements.store.personas()}
        return sorted(names | set(self.judgements.personas()))

    def _exact(self, turn_id: int) -> Row | None:
        made = self.judgements.store.generation(turn_id)
        if made is None:
            return None
        return {"prompt_text": made.prompt_text, "prompt_ids": list(made.prompt_ids)}

    def _about(self) -> dict[str, object]:
        options = self.options
        if self._scrub is not None and not self.done.scrubbed:
            for (kind, _), many in self._scrub.found.items():
                self.done.scrubbed[kind] += many
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


def _ahead(materials: Iterator[Material]) -> Iterator[Material]:
    """The same with the next one made already, whose tokens are counted meanwhile."""
    before: Material | None = None
    for material in materials:
        if before is not None:
            yield before
        before = material
    if before is not None:
        yield before


def _stem(table: str, split: str) -> str:
    return f"{table}-{split}" if table else split


def _digest(*digests: bytes) -> bytes:
    return hashlib.blake2b(b"".join(digests), digest_size=_DIGEST).digest()


@lru_cache(maxsize=2048)  # the texts of a chat come again in every prompt
def _of_text(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
