"""Everything a user had in another program, brought here: cards, world files, and their chats.

Chats find their card by the folder they lie in (named after the card's file) or by the name in
their first line; one without any card gets a bare one, so that no chat is left behind. What was
brought once is not brought twice. It knows no front end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rpterm.cards.card import CharacterCard
from rpterm.cards.exchange.files import ImportedFile, import_files
from rpterm.cards.problems import CardError
from rpterm.cards.reader import parse, read_text
from rpterm.cards.values import CONTROL
from rpterm.cards.writer import dump
from rpterm.group import is_narrator
from rpterm.marks import utf8
from rpterm.store import Store, whole
from rpterm.store.cast import Casts
from rpterm.store.chatlog import ChatLog, import_log
from rpterm.store.chatlog import parse as parse_log
from rpterm.types import Cast, Member, RptermError

LOGS = ".jsonl"
_FLAG = "imported:"
_RATED = "ratings imported:"
_NO_CARD = "No card of {} was found; a bare one was made for the chat."
_NOT_OURS = frozenset(
    (
        "thumbnails", "backgrounds", "backups", "themes", "assets", "extensions", "vectors",
        "user avatars", "quickreplies", "movingui", "node_modules", ".git",
    )
)  # fmt: skip
"""Folders of such programs that hold neither cards nor chats."""


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card that chats may belong to.

    Attributes:
        key: What a folder of its chats would be called.
        name: Of the character, without regard to its case.
    """

    key: str
    name: str
    path: Path
    card: CharacterCard
    text: str


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """What became of one chat log.

    Attributes:
        chat_id: ``None`` when it could not be imported, or was there already.
        card_name: Of the card it belongs to now.
        turns: Of the branch shown; ``versions`` are the swipes beside them.
        notes: What was mended or left out.
        error: Why it could not be imported, or "".
        known: The chat it was imported as before.
        ratings: Thumbs and stars that came with it, ``swipes`` those kept over others.
    """

    source: Path
    chat_id: int | None = None
    card_name: str = ""
    turns: int = 0
    notes: tuple[str, ...] = ()
    error: str = ""
    known: int | None = None
    ratings: int = 0
    swipes: int = 0
    versions: int = 0


@dataclass(slots=True)
class Moved:
    """All that came of one import.

    Attributes:
        passed_over: Files of a folder that are no cards at all.
    """

    cards: list[ImportedFile] = field(default_factory=list)
    chats: list[ImportedChat] = field(default_factory=list)
    passed_over: int = 0


def move(
    paths: Sequence[Path],
    folder: Path,
    store: Store,
    known: Iterable[KnownCard] = (),
    on_done: Callable[[str], None] | None = None,
) -> Moved:
    """Import whole folders: every card, world file and chat log in them.

    Args:
        folder: Where cards go.
        known: Cards that are here already; those that come now go before them.
        on_done: Told the name of each file that is done.

    Raises:
        RptermError: The folder cannot be made, or a path is not there.
    """
    tell = on_done or (lambda name: None)
    cards, logs = _sorted(paths)
    moved = Moved()
    fresh: list[KnownCard] = []
    for path in cards:
        result = _card(path, folder, store)
        if result.error and path not in paths and _no_card(result.error):
            moved.passed_over += 1
        else:
            moved.cards.append(result)
        if result.kind != "lorebook":
            fresh += read_known([(path.stem, result.target)])
        tell(path.name)
    moved.chats = import_chats(logs, store, [*fresh, *known], on_done=tell)
    return moved


def import_chats(
    logs: Iterable[Path],
    store: Store,
    known: Sequence[KnownCard],
    *,
    card: KnownCard | None = None,
    ratings: bool = False,
    on_done: Callable[[str], None] | None = None,
) -> list[ImportedChat]:
    """Import chat logs; one that is broken does not stop the others.

    Args:
        known: Cards that a log may belong to, the first that fits counts.
        card: The card of all of them, whatever the logs say.
        ratings: Bring ratings and kept swipes, too, also those of chats that are here already.
    """
    results = []
    for path in logs:
        try:
            result = _import_chat(path, store, known, card, ratings)
        except RptermError as error:
            result = ImportedChat(path, error=str(error))
        except OSError as error:
            result = ImportedChat(path, error=f"{error.strerror or error}.")
        results.append(result)
        if on_done:
            on_done(path.name)
    return results


def read_known(files: Iterable[tuple[str, Path | None]]) -> list[KnownCard]:
    """Cards by the names their chats' folders may have; files with errors are passed over."""
    found = []
    for key, path in files:
        if path is None:
            continue
        try:
            text = read_text(path)
            card = parse(text, str(path))
        except CardError:
            continue
        found.append(KnownCard(key.casefold(), card.name.casefold(), path, card, text))
    return found


def _card(path: Path, folder: Path, store: Store) -> ImportedFile:
    before = _target(store, path)
    if before is not None:
        return ImportedFile(path, before, notes=("It was here already.",))
    result = import_files([path], folder)[0]
    _remember(store, path, result.target)
    return result


def _import_chat(
    path: Path,
    store: Store,
    known: Sequence[KnownCard],
    card: KnownCard | None,
    ratings: bool = False,
) -> ImportedChat:
    if path.stat().st_size > whole.MAX_BYTES:
        raise RptermError(f"The file has more than {whole.MAX_BYTES:,} bytes: it is no chat log.")
    data = path.read_bytes()
    flag = _FLAG + hashlib.sha256(data).hexdigest()
    data = utf8(data)
    before = _chat_of(store, flag)
    if whole.is_whole(data):
        result = ImportedChat(path, known=before)
        if before is None:
            result = _import_whole(path, store, whole.parse(data), known, card)
            store.set_flag(flag, str(result.chat_id))
        # Such a file has every turn and no judgement.
        lacking = ("The file holds no ratings.",) if ratings else ()
        return replace(result, notes=result.notes + lacking)
    if before is not None:
        result = ImportedChat(path, known=before)
        return _rated(result, store, before, parse_log(data), flag) if ratings else result
    log = parse_log(data)
    mine = card or _card_of(log, path, known)
    notes = log.notes
    if mine is None:
        mine = _bare(_main_name(log) or path.parent.name)
        notes += (_NO_CARD.format(mine.card.name),)
    chat = import_log(
        store, log, card_name=mine.card.name, card_hash=store.put_card(mine.card.name, mine.text),
        card_path=_path_of(mine), title=path.stem,
    )  # fmt: skip
    store.set_flag(flag, str(chat.id))
    notes += _with_company(store, chat.id, log, mine, known)
    turns = len(log.turns)
    versions = store.chat(chat.id).turn_count - turns
    result = ImportedChat(path, chat.id, mine.card.name, turns, notes, versions=versions)
    return _rated(result, store, chat.id, log, flag) if ratings else result


def _import_whole(
    path: Path,
    store: Store,
    found: whole.WholeChat,
    known: Sequence[KnownCard],
    card: KnownCard | None,
) -> ImportedChat:
    """Make a chat of rpterm's own file again, with its card as it was where the store has it."""
    notes: tuple[str, ...] = ()
    mine = card or _kept_card(store, found.chat.card_name, found.chat.card_hash, known)
    if mine is None:
        mine = _bare(found.chat.card_name)
        notes = (_NO_CARD.format(mine.card.name),)
    cast = None
    if found.cast is not None:
        cast, strangers = _cast_again(store, found.cast, mine, known)
        notes += _strange(strangers)
    chat, left_out = whole.import_whole(
        store, found, card_name=mine.card.name, card_path=_path_of(mine), cast=cast,
        card_hash=store.put_card(mine.card.name, mine.text),
    )  # fmt: skip
    return ImportedChat(path, chat.id, mine.card.name, chat.turn_count, left_out + notes)


def _kept_card(
    store: Store, name: str, digest: str, known: Sequence[KnownCard]
) -> KnownCard | None:
    """A card by the version that the store keeps, else by its name."""
    named = next((each for each in known if _is_called(each, name)), None)
    text = store.get_card(digest)
    if text is None:
        return named
    return KnownCard("", "", named.path if named else Path(), CharacterCard(name=name), text)


def _cast_again(
    store: Store, cast: Cast, mine: KnownCard, known: Sequence[KnownCard]
) -> tuple[Cast, list[str]]:
    """The cast with cards of this store, and who has none: they have left."""
    lead = replace(cast.members[0], card_name=mine.card.name, card_hash="", card_path=None)
    members, strangers = [lead], []
    for each in cast.members[1:]:
        found = _kept_card(store, each.card_name, each.card_hash, known)
        if found is None:
            strangers.append(each.speaker)
            found = _bare(each.speaker)
            each = replace(each, present=False)
        digest = store.put_card(each.card_name, found.text)
        members.append(replace(each, card_hash=digest, card_path=_path_of(found)))
    return replace(cast, members=tuple(members)), strangers


def _bare(name: str) -> KnownCard:
    """A card that has nothing but a name."""
    card = CharacterCard(name=" ".join(CONTROL.sub(" ", name).split()) or "Somebody")
    text = dump(card, "Made for an imported chat, whose card was not there.")
    return KnownCard("", "", Path(), card, text)


def _path_of(card: KnownCard) -> str | None:
    return str(card.path.absolute()) if card.path != Path() else None


def _strange(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"No card was found of {', '.join(names)}: they only stand in what was said.",)


def _speakers(log: ChatLog) -> list[str]:
    """Who else than the user speaks, in the order of the first word."""
    return list(dict.fromkeys(turn.speaker for turn in log.turns if not turn.is_user))


def _main_name(log: ChatLog) -> str:
    """Whose chat it is; logs of several characters may name one that never speaks."""
    names = _speakers(log)
    return log.character if log.character in names or not names else names[0]


def _with_company(
    store: Store, chat_id: int, log: ChatLog, mine: KnownCard, known: Sequence[KnownCard]
) -> tuple[str, ...]:
    """Several speakers become a cast. One without a card has left: its words stay its own."""
    lead, names = mine.card, _speakers(log)
    if len(names) < 2:
        return ()
    own = next((name for name in names if name in (lead.name, lead.char)), names[0])
    members, strangers = [Member(lead.name, lead.char)], []
    for name in names:
        if name == own:
            continue
        found = next((each for each in known if _is_called(each, name)), None)
        if found is None or found.card.name in [member.card_name for member in members]:
            strangers.append(name)
            bare = CharacterCard(name=name)
            digest = store.put_card(name, dump(bare))
            members.append(Member(f"{name} (no card)", name, digest, present=False))
            continue
        digest = store.put_card(found.card.name, found.text)
        path = str(found.path.absolute())
        members.append(Member(found.card.name, name, digest, path, is_narrator(found.card)))
    Casts(store).put(chat_id, Cast(tuple(members)))
    return _strange(strangers)


def _is_called(known: KnownCard, name: str) -> bool:
    return name.casefold() in (known.name, known.card.char.casefold())


def _rated(
    result: ImportedChat, store: Store, chat_id: int, log: ChatLog, flag: str
) -> ImportedChat:
    """Bring the ratings of a log, once for each chat that was made of it."""
    mine = f"{_RATED}{flag.removeprefix(_FLAG)}"
    if store.flag(mine) == str(chat_id):
        return result
    from rpterm.store.judgement_records import How
    from rpterm.store.judgements import Judgements
    from rpterm.store.log_marks import METHOD, record

    brought = record(Judgements(store), chat_id, log, How(method=METHOD))
    store.set_flag(mine, str(chat_id))
    return replace(result, ratings=brought.ratings, swipes=brought.swipes)


def _card_of(log: ChatLog, path: Path, known: Sequence[KnownCard]) -> KnownCard | None:
    """By the folder, then by the name in the log, then by who speaks in it."""
    folder, name = path.parent.name.casefold(), log.character.casefold()
    speakers = {turn.speaker.casefold() for turn in log.turns if not turn.is_user}
    tests: tuple[Callable[[KnownCard], bool], ...] = (
        lambda card: card.key == folder,
        lambda card: card.name in (name, folder),
        lambda card: card.name in speakers or card.card.char.casefold() in speakers,
    )
    return next((card for fits in tests for card in known if fits(card)), None)


def _sorted(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Files that may be cards, and chat logs; named files first, then what folders hold."""
    from rpterm.cards.exchange.files import SUFFIXES

    cards: list[Path] = []
    logs: list[Path] = []
    for path in paths:
        if not path.exists():
            raise RptermError(f"There is no file or folder {path}.")
        inside = sorted(_walk(path)) if path.is_dir() else [path]
        for each in inside:
            suffix = each.suffix.lower()
            if suffix == LOGS:
                logs.append(each)
            elif suffix in SUFFIXES or each == path:
                cards.append(each)
    return cards, logs


def _walk(folder: Path) -> Iterable[Path]:
    for each in folder.rglob("*"):
        parts = each.relative_to(folder).parts[:-1]
        if not any(part.casefold() in _NOT_OURS for part in parts) and each.is_file():
            yield each


def _no_card(error: str) -> bool:
    """Whether a file of a folder is simply something else: settings, a picture."""
    return any(words in error for words in ("no card", "none of the fields", "neither JSON"))


def _target(store: Store, path: Path) -> Path | None:
    """The card that this very file was imported as before, if it is still there."""
    known = store.flag(_flag_of(path))
    target = Path(known) if known else None
    return target if target and target.is_file() else None


def _remember(store: Store, path: Path, target: Path | None) -> None:
    if target is not None:
        store.set_flag(_flag_of(path), str(target.absolute()))


def _flag_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _FLAG + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return _FLAG


def _chat_of(store: Store, flag: str) -> int | None:
    known = store.flag(flag)
    if not known or not known.isdigit():
        return None
    try:
        return store.chat(int(known)).id
    except RptermError:
        return None
