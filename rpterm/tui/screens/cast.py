"""The two dialogs of a group chat: who takes part, and who speaks next."""

from __future__ import annotations

from collections.abc import Sequence

from rpterm.tui import keys
from rpterm.tui.screens.chooser import Choice, Chooser
from rpterm.types import Member, TurnTaking

ADD, NARRATOR = "add", "narrator"
"""The ids of the choices of ``CastScreen`` that are not members."""

TAKING_WORDS: dict[TurnTaking, tuple[str, str]] = {
    TurnTaking.MENTIONED: ("whoever is named", "else whoever spoke last; ⏎ goes round"),
    TurnTaking.ROUND: ("round and round", "in the order of the cast, including the narrator"),
    TurnTaking.MODEL: ("the model chooses", "by what was said last"),
    TurnTaking.HAND: ("you choose", "the same one speaks until you choose another"),
}
"""The name and explanation of each way of taking turns."""

_MEMBER, _WAY = "member:", "way:"


class CastScreen(Chooser):
    """Who takes part; Enter mutes or unmutes a member."""

    def __init__(
        self,
        members: Sequence[Member],
        taglines: Sequence[str],
        at: str = "",
    ) -> None:
        choices = [
            Choice(_MEMBER + member.card_name, member.card_name, tagline, _state(member, place))
            for place, (member, tagline) in enumerate(zip(members, taglines, strict=True))
        ]
        choices.append(Choice(ADD, "+ Somebody joins", "a card of yours or one of rpterm's"))
        if not any(member.narrator for member in members):
            choices.append(Choice(NARRATOR, "+ A narrator", "tells the scene, speaks for nobody"))
        super().__init__(
            "Who takes part", choices, at=at, placeholder="Type a name",
            actions=("list-new", "list-delete"), empty="No character matches.",
        )  # fmt: skip

    def _hints(self) -> Sequence[str]:
        join_key, leave_key = (
            keys.short_key_name(id_, keys.of_user(self)) for id_ in ("list-new", "list-delete")
        )
        return ["⏎ mute, unmute", f"{join_key} join", f"{leave_key} leave", "Esc done"]


def speaker_chooser(
    members: Sequence[Member], taglines: Sequence[str], taking: TurnTaking, upcoming: str
) -> Chooser:
    """The dialog of who speaks next, and how turns are taken from now on."""
    choices = [
        Choice(
            _MEMBER + member.card_name, member.card_name, tagline,
            "next" if member.card_name == upcoming else "",
        )
        for member, tagline in zip(members, taglines, strict=True)
    ]  # fmt: skip
    choices += [
        Choice(_WAY + way, f"From now on: {title}", detail, "✓" if way == taking else "")
        for way, (title, detail) in TAKING_WORDS.items()
    ]
    return Chooser(
        "Who speaks next?", choices, marked=_MEMBER + upcoming, placeholder="Type a name",
        empty="No character matches.", takes="choose",
    )  # fmt: skip


def member_of(choice: str) -> str:
    """The card name that a choice stands for, or ""."""
    return choice.removeprefix(_MEMBER) if choice.startswith(_MEMBER) else ""


def taking_of_choice(choice: str) -> TurnTaking | None:
    """The way of taking turns that a choice stands for, or ``None``."""
    return TurnTaking(choice.removeprefix(_WAY)) if choice.startswith(_WAY) else None


def _state(member: Member, place: int) -> str:
    states = {
        "narrator": member.narrator, "muted": member.muted, "this chat's own": place == 0,
    }  # fmt: skip
    return " · ".join(name for name, holds in states.items() if holds)
