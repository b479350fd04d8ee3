"""Chat templates by name, for models that bring none or the wrong one.

Each is a Jinja template of the layout that a family of models was trained on, in the words those
models know. Where a layout has no place for a system message it refuses one, and the prompt moves
that text into the first user message (see ``rpterm.prompt.template``).
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from rpterm.engine.protocol import ModelError


def _layout(*, system: str, user: str, reply: str, opening: str) -> str:
    """A template out of how each message is written; ``opening`` is what a reply begins after."""
    return (
        "{% for m in messages %}"
        f"{{% if m.role == 'system' %}}{system}"
        f"{{% elif m.role == 'user' %}}{user}{{% else %}}{reply}{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{opening}{{% endif %}}"
    )


def _said(before: str, after: str) -> str:
    return f"{{{{ {before!r} + m.content + {after!r} }}}}"


def _heads(line: str, after: str, reply: str) -> str:
    """A layout that heads every message, the system's too, with a line that holds its role."""
    return (
        "{% for m in messages %}"
        f"{{{{ {line!r}.replace('ROLE', {reply!r} if m.role == 'assistant' else m.role)"
        f" + m.content + {after!r} }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {line.replace('ROLE', reply)!r} }}}}{{% endif %}}"
    )


_REFUSED = "{{ raise_exception('no system message') }}"
NAMED = {
    "chatml": _heads("<|im_start|>ROLE\n", "<|im_end|>\n", "assistant"),
    "llama-3": _heads("<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|eot_id|>", "assistant"),
    "mistral": _layout(
        system=_REFUSED, user=_said("[INST] ", "[/INST]"),
        reply="{{ ' ' + m.content + eos_token }}", opening="",
    ),
    "gemma": _layout(
        system=_REFUSED, user=_said("<start_of_turn>user\n", "<end_of_turn>\n"),
        reply=_said("<start_of_turn>model\n", "<end_of_turn>\n"),
        opening="{{ '<start_of_turn>model\n' }}",
    ),
    "alpaca": _layout(
        system=_said("", "\n\n"), user=_said("### Instruction:\n", "\n\n"),
        reply=_said("### Response:\n", "\n\n"), opening="{{ '### Response:\n' }}",
    ),
    "vicuna": _layout(
        system=_said("", "\n\n"), user=_said("USER: ", "\n"),
        reply="{{ 'ASSISTANT: ' + m.content + eos_token + '\n' }}", opening="ASSISTANT:",
    ),
    "metharme": _layout(
        system=_said("<|system|>", ""), user=_said("<|user|>", ""),
        reply=_said("<|model|>", ""), opening="<|model|>",
    ),
}  # fmt: skip
"""By name: the layout's own, or that of the models it is known from."""


def source(chosen: str) -> str:
    """The template of a name or of a file; "" for "".

    Raises:
        ModelError: There is no such name and no such file.
    """
    if not chosen or chosen in NAMED:
        return NAMED.get(chosen, "")
    path = Path(chosen).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        near = get_close_matches(chosen.lower(), NAMED, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMED)}."
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ModelError(
            f"chat_template names no template: {chosen!r} is no file that can be read ({reason}); "
            f"of the names {hint}"
        ) from error
