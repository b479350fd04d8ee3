"""Two lists about a chat with several characters: who takes part, and who speaks next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rpterm.tui import keys
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.types import Member, Taking

ADD, NARRATOR = "add", "narrator"
"""Choices of the cast that are no member."""

WAYS: dict[Taking, tuple[str, str]] = {
    Taking.MENTIONED: ("whoever is named", "else whoever spoke last; ⏎ goes round"),
    Taking.ROUND: ("round and round", "in the order of the cast, the narrator included"),
    Taking.MODEL: ("the model chooses", "by what was said last"),
    Taking.HAND: ("you choose", "one keeps the word until you give it to another"),
}
"""What each way of taking turns is called, and how it works."""

_MEMBER, _WAY = "member:", "way:"


class CastScreen(Chooser):
    """Who takes part: Enter lets one only listen, or speak again."""

    def __init__(
        self,
        members: Sequence[Member],
        taglines: Sequence[str],
        overrides: Mapping[str, str],
        at: str = "",
    ) -> None:
        choices = [
            Choice(_MEMBER + member.card_name, member.card_name, tagline, _state(member, place))
            for place, (member, tagline) in enumerate(zip(members, taglines, strict=True))
        ]
        choices.append(Choice(ADD, "+ Somebody joins", "a card of yours, or one of ours"))
        if not any(member.narrator for member in members):
            choices.append(Choice(NARRATOR, "+ A narrator", "tells the scene, speaks for nobody"))
        super().__init__(
            "Who takes part", choices, at=at, overrides=overrides, placeholder="Type a name",
            actions=("list-new", "list-delete"), empty="No character matches.",
        )  # fmt: skip

    def _hints(self) -> str:
        new, gone = (keys.hint(name, self._overrides) for name in ("list-new", "list-delete"))
        return f"⏎ mute, unmute · {new} join · {gone} leave · Esc done"


class SpeakerScreen(Chooser):
    """Who speaks next, and how that is found from now on."""

    def __init__(
        self, members: Sequence[Member], taglines: Sequence[str], taking: Taking, upcoming: str
    ) -> None:
        choices = [
            Choice(
                _MEMBER + member.card_name, member.card_name, tagline,
                "next" if member.card_name == upcoming else "",
            )
            for member, tagline in zip(members, taglines, strict=True)
        ]  # fmt: skip
        choices += [
            Choice(_WAY + way, f"From now on: {title}", detail, "✓" if way == taking else "")
            for way, (title, detail) in WAYS.items()
        ]
        super().__init__(
            "Who speaks next?", choices, marked=_MEMBER + upcoming, placeholder="Type a name",
            empty="No character matches.", takes="choose",
        )  # fmt: skip


def member_of(choice: str) -> str:
    """The card name a choice means, or ""."""
    return choice.removeprefix(_MEMBER) if choice.startswith(_MEMBER) else ""


def way_of(choice: str) -> Taking | None:
    """The way of taking turns a choice means."""
    return Taking(choice.removeprefix(_WAY)) if choice.startswith(_WAY) else None


def _state(member: Member, place: int) -> str:
    found = ["narrator"] if member.narrator else []
    found += ["muted"] if member.muted else []
    return " · ".join([*found, *(["this chat's own"] if place == 0 else [])])
