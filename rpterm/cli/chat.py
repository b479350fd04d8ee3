"""``rpterm chat``: the options. What they start is in ``cli.play``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rpterm.cli.app import new

app = new("")

_CARD = typer.Argument(help="A character's name or a card's file; none lets you choose.")
_PLAIN = typer.Option("--plain", help="Lines of text: for screen readers and pipes.")
_WITH = typer.Option(
    "--with", metavar="CARD", help="Somebody else who takes part; may be given several times."
)
_NARRATOR = typer.Option("--narrator", help="A narrator tells the scene.")
_ONCE = typer.Option("--once", metavar="TEXT", help="Print one reply to TEXT and end.")


def _option(help_text: str, metavar: str | None = None) -> Any:
    return typer.Option(help=help_text, metavar=metavar, show_default=False)


@app.command()
def chat(
    card: Annotated[str | None, _CARD] = None,
    new_chat: Annotated[bool, typer.Option("--new", help="Begin a new chat.")] = False,
    chat_id: Annotated[
        int | None, typer.Option("--chat", metavar="ID", help="Go on with this chat.")
    ] = None,
    greeting: Annotated[int | None, _option("Begin with the card's Nth greeting.", "N")] = None,
    persona: Annotated[str | None, _option("Who you are in this chat.", "NAME")] = None,
    company: Annotated[list[str] | None, _WITH] = None,
    narrator: Annotated[bool, _NARRATOR] = False,
    turns: Annotated[
        str | None, _option("Who speaks next: mentioned, round, model or hand.", "WAY")
    ] = None,
    plain: Annotated[bool, _PLAIN] = False,
    once: Annotated[str | None, _ONCE] = None,
    model: Annotated[str | None, _option("A GGUF file, or a name in the models folder.")] = None,
    profile: Annotated[str | None, _option("Settings of this profile.", "NAME")] = None,
    engine: Annotated[str | None, _option("llama, remote or scripted.", "NAME")] = None,
    context: Annotated[int | None, _option("Tokens of the window; 0 chooses.", "N")] = None,
    threads: Annotated[int | None, _option("Threads for the model; 0 chooses.", "N")] = None,
    gpu_layers: Annotated[int | None, _option("Layers on the GPU; -1 what fits.", "N")] = None,
    kv_type: Annotated[
        str | None, _option("Cache: auto, q8_0/f16, f16, q8_0 or q4_0.", "T")
    ] = None,
    kv_mode: Annotated[str | None, _option("exact, or shift for slow machines.", "MODE")] = None,
    adapter: Annotated[str | None, _option("A LoRA adapter in GGUF format.", "FILE")] = None,
    seed: Annotated[int | None, _option("Seed of the sampler.", "N")] = None,
    max_tokens: Annotated[int | None, _option("Longest reply, in tokens.", "N")] = None,
    temperature: Annotated[float | None, _option("0 is greedy.", "X")] = None,
    top_k: Annotated[int | None, _option("Keep the k likeliest tokens; 0 is off.", "N")] = None,
    top_p: Annotated[float | None, _option("Keep this share of probability.", "X")] = None,
    min_p: Annotated[float | None, _option("Least share of the best token.", "X")] = None,
    best_of: Annotated[
        int | None, _option("Make N replies at once and keep the best by score.", "N")
    ] = None,
    repeat_penalty: Annotated[float | None, _option("1 is off.", "X")] = None,
) -> None:
    """Talk to a character, going on where you left.

    That is the newest chat with this character alone. A chat with several is gone on with by the
    same --with, or from the list of chats.

    Every other sampler is a setting: `rpterm config show` lists them.
    """
    from rpterm.cli import play
    from rpterm.opening.launch import Asked

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
    asked = Asked(card, chat_id, new_chat, greeting, persona, tuple(flags), others, turns or "")
    raise typer.Exit(play.chat(asked, flags, plain=plain, once=once))
