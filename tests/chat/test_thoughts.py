"""A thought before a reply is kept beside it, and nothing reads it but who asks for it."""

from __future__ import annotations

import json
from dataclasses import replace

from chatting import CARD, MakeSession

from rpterm.chat.engine_request import samplers_for as samplers
from rpterm.chat.events import ReplyDelta, ReplyFailed, ReplyThought
from rpterm.chat.reply import THOUGHT_ONLY
from rpterm.chat.request import ReplyRequest
from rpterm.transfer.chat_files.chat_log import export_log, import_log, parse_log, render_log
from rpterm.transfer.chat_files.export import to_jsonl
from rpterm.transfer.chat_files.full_chat import import_full_chat
from rpterm.transfer.chat_files.full_chat import parse_full_chat as parse_whole
from rpterm.types import Intent

THINKS = "<think>\nAnn is wet. Offer tea.\n</think>\n\n*nods* Tea?"


def test_it_is_stored_beside_the_reply_and_stays_out_of_the_next_prompt(make: MakeSession) -> None:
    session = make([THINKS, "Yes."])
    events = list(session.reply(ReplyRequest(text="It rains.")))
    thoughts = [event.text for event in events if isinstance(event, ReplyThought)]
    assert thoughts[0] in thoughts[-1] and "Offer tea" in thoughts[-1]
    assert not any("tea." in event.text for event in events if isinstance(event, ReplyDelta))
    reply = session.path()[-1]
    assert (reply.text, reply.thought) == ("*nods* Tea?", "Ann is wet. Offer tea.")
    assert "Offer tea" not in session.preview("Please.").text
    assert session.store.search("Offer") == []
    list(session.reply(ReplyRequest(Intent.REGENERATE)))
    assert [turn.thought for turn in session.store.siblings(reply.id)] == [reply.thought, ""]


def test_room_is_kept_for_it(make: MakeSession) -> None:
    session = make(["Yes."])
    session.load()
    reserve = session.preview("Hm?").reserve
    sampling = replace(session.settings.sampling, think_tokens=400)
    session.apply_settings(replace(session.settings, sampling=sampling), ())
    assert session.preview("Hm?").reserve == reserve + 400
    assert samplers(session.settings, CARD, ()).think_tokens == 400


def test_a_model_that_only_thought_is_told_of(make: MakeSession) -> None:
    session = make(["<think>\nHm. Hm. Hm."])
    events = list(session.reply(ReplyRequest(text="It rains.")))
    assert [event.message for event in events if isinstance(event, ReplyFailed)] == [THOUGHT_ONLY]
    assert session.path()[-1].text == "It rains."


def test_it_goes_along_with_the_chat(make: MakeSession) -> None:
    session = make([THINKS])
    list(session.reply(ReplyRequest(text="It rains.")))
    store, reply = session.store, session.path()[-1]
    written = "\n".join(to_jsonl(session.chat, store.tree(session.chat_id), {})).encode()
    whole = parse_whole(written)
    with import_full_chat(store, whole, card_name="Mara", card_hash="h") as (chat, _):
        pass
    assert store.path(chat.leaf_id or 0)[-1].thought == reply.thought
    log = render_log(export_log(store, session.chat_id))
    assert json.loads(log.splitlines()[-1])["extra"] == {"reasoning": reply.thought}
    parsed = parse_log(log.encode())
    with import_log(store, parsed, card_name="Mara", card_hash="h") as chat:
        pass
    assert store.path(chat.leaf_id or 0)[-1].thought == reply.thought


def test_logs_of_other_programs_keep_theirs() -> None:
    lines = [
        {"user_name": "Ann", "character_name": "Mara"},
        {"name": "Ann", "is_user": True, "mes": "<think>is a word</think>"},
        {
            "name": "Mara", "is_user": False, "mes": "Two.", "swipe_id": 1,
            "swipes": ["<think>first</think>\n\nOne.", "Two.", "Three."],
            "extra": {"reasoning": "second", "reasoning_duration": 900},
            "swipe_info": [{}, {}, {"extra": {"reasoning": "third"}}],
        },
    ]  # fmt: skip
    log = parse_log("\n".join(json.dumps(line) for line in lines).encode())
    assert log.notes == ()
    assert log.turns[0].text == "<think>is a word</think>"
    assert log.turns[1].swipes == ("One.", "Two.", "Three.")
    assert log.turns[1].thoughts == ("first", "second", "third")
