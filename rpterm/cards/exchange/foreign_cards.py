"""Converts characters of Agnai, Backyard, Character.AI and KoboldAI to V2 card documents.

Fields without a counterpart are kept under the program's name in ``extensions``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rpterm.cards.exchange.documents.patch import Table, without
from rpterm.cards.exchange.errors import ExchangeError
from rpterm.cards.exchange.foreign_books import agnai_book, keyed_book
from rpterm.foreign_json import as_mapping, as_mappings, as_text, as_texts

_PLACEHOLDER = re.compile(r"\{(character|user)\}")
_BACKYARD_NAMES = {"character": "{{char}}", "user": "{{user}}"}
_BACKYARD_DEFAULT_PROMPT = "Text transcript of a never-ending conversation"
_RANDOM_USER = re.compile(r"\{\{random_user_\d+\}\}")
_END_OF_DIALOG = re.compile(r"^[ \t]*END_OF_DIALOG[ \t]*$", re.MULTILINE)
_SPEAKER_LINE = re.compile(r"^[ \t]*(?:\{\{(?:char|user)\}\}|[^\n:{}]{1,40}):", re.MULTILINE)
_LABEL = re.compile(r"^([^\W_][^\n:]{0,30}):", re.MULTILINE)
_YOU = "You"
KOBOLD_SEPARATOR = "||$||"
"""Separates the names of several characters in a KoboldAI save."""


def to_card(raw: Mapping[str, Any]) -> tuple[Table, str] | None:
    """The character as a V2 document, and the program's name; ``None`` for other documents."""
    character = as_mapping(raw.get("character")) or as_mapping(
        as_mapping(raw.get("info")).get("character")
    )
    if "aiName" in character:
        return _from_faraday(character), "Backyard"
    if "name" in character and {"greeting", "definition"} & character.keys():
        return _from_character_ai(character), "Character.AI"
    if isinstance(raw.get("persona"), Mapping) and "name" in raw and "messages" not in raw:
        return _from_agnai(raw), "Agnai"
    if "gamestarted" in raw and isinstance(raw.get("actions"), list) and raw.get("memory"):
        return _from_kobold(raw), "KoboldAI"
    return None


def from_backyard(
    manifest: Mapping[str, Any], scenarios: Iterable[str], read: Callable[[str], Any]
) -> Table:
    """The first character of a Backyard archive; its scenarios become greetings.

    Args:
        scenarios: Their files in the archive.
        read: Returns the JSON of a file in the archive, ``None`` if it is missing.

    Raises:
        ExchangeError: The archive has no character.
    """
    names = as_texts(manifest.get("characters"))
    character = as_mapping(read(names[0])) if names else {}
    if not character:
        raise ExchangeError("The archive has no character.")
    scenes = [as_mapping(read(each)) for each in scenarios]
    first = scenes[0] if scenes else {}
    greetings = [each for scene in scenes for each in _texts(scene.get("firstMessages"))]
    fields = {
        "name": character.get("displayName") or character.get("name"),
        "nickname": _nickname(character.get("displayName"), character.get("name")),
        "description": character.get("persona"),
        "scenario": first.get("narrative"),
        "system_prompt": _added_prompt(first.get("formattingInstructions")),
        "first_mes": greetings[0] if greetings else "",
        "alternate_greetings": greetings[1:],
        "mes_example": _joined_examples(_texts(first.get("exampleMessages"))),
        "creator": as_mapping(manifest.get("author")).get("name"),
    }
    return _backyard_document(fields, {}, character.get("loreItems"))


def _from_faraday(raw: Mapping[str, Any]) -> Table:
    used = (
        "aiName", "aiDisplayName", "aiPersona", "scenario", "firstMessage", "customDialogue",
        "loreItems",
    )  # fmt: skip
    fields = {
        "name": raw.get("aiDisplayName") or raw.get("aiName"),
        "nickname": _nickname(raw.get("aiDisplayName"), raw.get("aiName")),
        "description": raw.get("aiPersona"),
        "scenario": raw.get("scenario"),
        "system_prompt": _own_prompt(raw.get("basePrompt")),
        "first_mes": raw.get("firstMessage"),
        "mes_example": re.sub(r"(?m)^#", "", as_text(raw.get("customDialogue"))),
    }
    return _backyard_document(fields, without(raw, *used), raw.get("loreItems"))


def _backyard_document(fields: Table, rest: Table, lore: Any) -> Table:
    """A document whose texts have our macros instead of Backyard's placeholders."""
    document = _document(fields, "backyard", rest, keyed_book(lore, content="value"))
    return {key: _map_texts(value, _replace_placeholders) for key, value in document.items()}


def _nickname(shown: Any, name: Any) -> Any:
    """Backyard calls a character by its name and shows a longer one."""
    return name if shown and name != shown else ""


def _own_prompt(value: Any) -> str:
    """The author's own system prompt; "" for the one that every character of Backyard has."""
    text = as_text(value).strip()
    return "" if text.startswith(_BACKYARD_DEFAULT_PROMPT) else text


def _added_prompt(value: Any) -> str:
    """Instructions that go with the user's own system prompt instead of replacing it."""
    text = _own_prompt(value)
    return f"{{{{original}}}}\n{text}" if text else ""


def _texts(messages: Any) -> list[str]:
    texts = as_texts([each.get("text") for each in as_mappings(messages)])
    return [each for each in texts if each.strip()]


def _joined_examples(texts: Iterable[str]) -> str:
    return "\n".join(f"<START>\n{re.sub('(?m)^#', '', text)}" for text in texts)


def _replace_placeholders(text: str) -> str:
    return _PLACEHOLDER.sub(lambda match: _BACKYARD_NAMES[match[1]], text)


def _from_character_ai(raw: Mapping[str, Any]) -> Table:
    """A definition's dialogues become examples, and what stands before them the description."""
    definition = _RANDOM_USER.sub("{{user}}", as_text(raw.get("definition")))
    first = _SPEAKER_LINE.search(definition)
    start = first.start() if first else len(definition)
    about = [raw.get("description"), definition[:start].strip()]
    used = ("name", "participant__name", "greeting", "description", "definition", "title")
    return _document(
        {
            "name": raw["name"],
            "description": "\n\n".join(filter(None, as_texts(about))),
            "first_mes": raw.get("greeting"),
            "mes_example": _END_OF_DIALOG.sub("<START>", definition[start:]),
            "creator_notes": raw.get("title"),
        },
        "character_ai",
        without(raw, *used),
    )


_AGNAI_FIELDS = {
    "name": "name", "description": "creator_notes", "scenario": "scenario",
    "greeting": "first_mes", "sampleChat": "mes_example",
    "alternateGreetings": "alternate_greetings", "systemPrompt": "system_prompt",
    "postHistoryInstructions": "post_history_instructions", "creator": "creator",
    "characterVersion": "character_version", "tags": "tags",
}  # fmt: skip


def _from_agnai(raw: Mapping[str, Any]) -> Table:
    persona = as_mapping(raw["persona"])
    attributes = {
        str(key): ", ".join(as_texts(value))
        for key, value in as_mapping(persona.get("attributes")).items()
        if isinstance(value, list)
    }
    fields: Table = {theirs: raw.get(ours) for ours, theirs in _AGNAI_FIELDS.items()}
    fields["description"] = attributes.pop("text", "")
    if appearance := as_text(raw.get("appearance")).strip():
        attributes.setdefault("appearance", appearance)
    fields["personality"] = "\n".join(f"{key}: {value}" for key, value in attributes.items())
    used = (*_AGNAI_FIELDS, "persona", "appearance", "characterBook", "insert", "kind")
    book = raw.get("characterBook")
    document = _document(fields, "agnai", without(raw, *used), agnai_book(book) if book else None)
    insert = as_mapping(raw.get("insert"))
    if insert.get("prompt"):
        depth = {"prompt": insert["prompt"], "depth": insert.get("depth", 3), "role": "system"}
        document["data"]["extensions"]["depth_prompt"] = depth
    return document


def _from_kobold(raw: Mapping[str, Any]) -> Table:
    """The character of a save: KoboldAI has no cards, the memory describes the character."""
    _, names = kobold_names(raw)
    fields = {"name": names[0] if names else "", "description": raw.get("memory")}
    return _document(fields, "koboldai", {}, keyed_book(raw.get("worldinfo")))


def kobold_text(raw: Mapping[str, Any]) -> str:
    """The whole story of a KoboldAI save."""
    return "".join([as_text(raw.get("prompt")), *as_texts(raw.get("actions"))])


def kobold_names(raw: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The name of the user in a KoboldAI save, and those of the characters.

    Older saves do not name the characters: then they are who speaks besides ``You``.
    """
    settings = as_mapping(raw.get("savedsettings"))
    user = as_text(settings.get("chatname")).strip()
    stored = as_text(settings.get("chatopponent")).split(KOBOLD_SEPARATOR)
    names = [each.strip() for each in stored if each.strip()]
    labels = Counter(_LABEL.findall(kobold_text(raw)))
    if not names and labels.pop(_YOU, 0):
        user, names = user or _YOU, [name for name, _ in labels.most_common(1)]
    return user or "User", names


def _document(
    fields: Mapping[str, Any], program: str, rest: Mapping[str, Any], book: Table | None = None
) -> Table:
    data: Table = {key: value for key, value in fields.items() if value not in (None, "", [])}
    rest = {key: value for key, value in rest.items() if value not in (None, "", [], {})}
    data["extensions"] = {program: rest} if rest else {}
    if book and book["entries"]:
        data["character_book"] = book
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every text changed."""
    if isinstance(value, dict):
        return {key: _map_texts(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_map_texts(each, change) for each in value]
    return change(value) if isinstance(value, str) else value
