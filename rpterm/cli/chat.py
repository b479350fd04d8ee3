"""``rpterm chat``: its options. The chat itself is started by ``cli.chat_run``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rpterm.cli.app import new_app
from rpterm.cli.options import Plain, card_argument, complete_card
from rpterm.errors import InvalidChoice

app = new_app()

_CARD = card_argument("Name of a character, or a card's file; without it, you can choose.")
_WITH = typer.Option(
    "--with",
    metavar="CARD",
    help="Add another character to the chat; can be repeated.",
    autocompletion=complete_card,
)
_NARRATOR = typer.Option("--narrator", help="Add a narrator who describes the scene.")
_ONCE = typer.Option("--once", metavar="TEXT", help="Send TEXT, print the reply and exit.")


def _option(help_text: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help_text, metavar=metavar, show_default=False)


@app.command()
def chat(
    card: Annotated[str | None, _CARD] = None,
    new_chat: Annotated[bool, typer.Option("--new", help="Begin a new chat.")] = False,
    chat_id: Annotated[
        int | None,
        typer.Option("--chat", metavar="ID", help="Continue this chat (see `rpterm chats list`)."),
    ] = None,
    greeting: Annotated[
        int | None, _option("Begin a new chat with the card's Nth greeting.", "N")
    ] = None,
    persona: Annotated[str | None, _option("Your persona in this chat.", "NAME")] = None,
    company: Annotated[list[str] | None, _WITH] = None,
    narrator: Annotated[bool, _NARRATOR] = False,
    turns: Annotated[
        str | None,
        _option("How the next speaker is chosen: mentioned, round, model or hand.", "WAY"),
    ] = None,
    plain: Plain = False,
    once: Annotated[str | None, _ONCE] = None,
    model: Annotated[
        str | None, _option("A GGUF file, or a model in the models folder.", "NAME")
    ] = None,
    profile: Annotated[str | None, _option("Use the settings of this profile.", "NAME")] = None,
    engine: Annotated[
        str | None, _option("What runs the model: llama, remote or scripted.", "NAME")
    ] = None,
    context: Annotated[
        int | None, _option("Size of the context window in tokens; 0 is automatic.", "N")
    ] = None,
    threads: Annotated[
        int | None, _option("CPU threads for the model; 0 is automatic.", "N")
    ] = None,
    gpu_layers: Annotated[
        int | None, _option("Model layers on the GPU; -1 is as many as fit.", "N")
    ] = None,
    kv_type: Annotated[
        str | None,
        _option("Number format of the KV cache: auto, q8_0/f16, f16, q8_0 or q4_0.", "TYPE"),
    ] = None,
    kv_mode: Annotated[
        str | None, _option("exact, or shift: faster on slow machines, but not exact.", "MODE")
    ] = None,
    adapter: Annotated[str | None, _option("A LoRA adapter in GGUF format.", "FILE")] = None,
    seed: Annotated[
        int | None, _option("Seed of the random numbers, to repeat a reply.", "N")
    ] = None,
    max_tokens: Annotated[int | None, _option("Longest reply, in tokens.", "N")] = None,
    temperature: Annotated[
        float | None, _option("Randomness; 0 always takes the likeliest token.", "X")
    ] = None,
    top_k: Annotated[
        int | None, _option("Keep only the N likeliest tokens; 0 is off.", "N")
    ] = None,
    top_p: Annotated[
        float | None, _option("Keep the likeliest tokens of total probability X; 1 is off.", "X")
    ] = None,
    min_p: Annotated[
        float | None, _option("Keep tokens at least X times as likely as the best; 0 is off.", "X")
    ] = None,
    best_of: Annotated[
        int | None, _option("Generate N replies at once and keep the one that scores best.", "N")
    ] = None,
    repeat_penalty: Annotated[
        float | None, _option("Make repeated tokens less likely; 1 is off.", "X")
    ] = None,
) -> None:
    """Chat with a character, continuing where you left off.

    Without --new or --chat, the newest chat with this character alone is continued. To continue a
    group chat, repeat its --with options or choose it from the list of chats.

    The options from --model on override your settings for this run. There are more settings, among
    them all other samplers: `rpterm config show` lists them.
    """
    from rpterm.cli import chat_run
    from rpterm.startup.launch import ChatRequest

    if chat_id is not None and (new_chat or greeting is not None):
        raise InvalidChoice("--chat continues a chat, but --new and --greeting begin one.")
    given = {
        "model": model, "profile": profile, "engine": engine, "context": context,
        "threads": threads, "gpu_layers": gpu_layers, "kv_type": kv_type, "kv_mode": kv_mode,
        "adapter": adapter,
        "sampling.seed": seed, "sampling.max_tokens": max_tokens,
        "sampling.temperature": temperature, "sampling.top_k": top_k, "sampling.top_p": top_p,
        "sampling.min_p": min_p, "sampling.repeat_penalty": repeat_penalty,
        "scoring.best_of": best_of,
    }  # fmt: skip
    flags = {name: value for name, value in given.items() if value is not None}
    others = (*(company or ()), *(("narrator",) if narrator else ()))
    request = ChatRequest(
        card, chat_id, new_chat, greeting, persona, tuple(flags), others, turns or ""
    )
    raise typer.Exit(chat_run.run_chat(request, flags, plain=plain, once=once))
