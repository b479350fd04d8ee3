"""Named chat templates, for models that have none or the wrong one.

Each is a Jinja template of the format that a family of models was trained on. Formats without a
place for a system message raise an error for one, and the prompt builder then moves its text into
the first user message (see ``rpterm.prompt.template``).
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from rpterm.engine.protocol import ModelError


def _per_role(*, system: str, user: str, reply: str, opening: str) -> str:
    """A template from the format of each role; ``opening`` stands before a new reply."""
    return (
        "{% for m in messages %}"
        f"{{% if m.role == 'system' %}}{system}"
        f"{{% elif m.role == 'user' %}}{user}{{% else %}}{reply}{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{opening}{{% endif %}}"
    )


def _message(before: str, after: str) -> str:
    return f"{{{{ {before!r} + m.content + {after!r} }}}}"


def _headed(line: str, after: str, reply: str) -> str:
    """A template in which every message, the system's too, has a header with its role."""
    return (
        "{% for m in messages %}"
        f"{{{{ {line!r}.replace('ROLE', {reply!r} if m.role == 'assistant' else m.role)"
        f" + m.content + {after!r} }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {line.replace('ROLE', reply)!r} }}}}{{% endif %}}"
    )


_NO_SYSTEM_MESSAGE = "{{ raise_exception('no system message') }}"
NAMED = {
    "chatml": _headed("<|im_start|>ROLE\n", "<|im_end|>\n", "assistant"),
    "llama-3": _headed("<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|eot_id|>", "assistant"),
    "mistral": _per_role(
        system=_NO_SYSTEM_MESSAGE, user=_message("[INST] ", "[/INST]"),
        reply="{{ ' ' + m.content + eos_token }}", opening="",
    ),
    "gemma": _per_role(
        system=_NO_SYSTEM_MESSAGE, user=_message("<start_of_turn>user\n", "<end_of_turn>\n"),
        reply=_message("<start_of_turn>model\n", "<end_of_turn>\n"),
        opening="{{ '<start_of_turn>model\n' }}",
    ),
    "alpaca": _per_role(
        system=_message("", "\n\n"), user=_message("### Instruction:\n", "\n\n"),
        reply=_message("### Response:\n", "\n\n"), opening="{{ '### Response:\n' }}",
    ),
    "vicuna": _per_role(
        system=_message("", "\n\n"), user=_message("USER: ", "\n"),
        reply="{{ 'ASSISTANT: ' + m.content + eos_token + '\n' }}", opening="ASSISTANT:",
    ),
    "metharme": _per_role(
        system=_message("<|system|>", ""), user=_message("<|user|>", ""),
        reply=_message("<|model|>", ""), opening="<|model|>",
    ),
}  # fmt: skip
"""Name of the format, or of the models that made it known → template."""


def load_template(chosen: str) -> str:
    """The template with this name, or of this file; "" for "".

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
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(NAMED)}."
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ModelError(
            f"There is no chat template {chosen!r}, and no file of this name can be read "
            f"({reason}): {hint}"
        ) from error
