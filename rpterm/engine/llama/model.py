"""A loaded model: its weights, vocabulary and adapter, and the contexts created from it.

Used in the worker only. Knows tokens and memory, but no chats and no pipe.
"""

from __future__ import annotations

import codecs
import ctypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rpterm.engine.llama.binding import lib, recent
from rpterm.engine.llama.load_checks import load_failure
from rpterm.engine.llama.messages import ModelOptions
from rpterm.engine.llama.requantize import requantize
from rpterm.engine.llama.threads import choose_threads
from rpterm.engine.protocol import EngineError, EngineInfo, ModelError
from rpterm.paths import sha256

UBATCH = 512
"""Most tokens evaluated at once. Batches are never larger, so that llama.cpp never splits one."""
SPARE_CELLS = 1024
"""Cells beyond the window, shared by candidates: three more replies of full length."""
_Q8_BLOCK = 32
"""Values in one block of q8_0."""
_GUARD = "\x01"
"""A character that no tokenizer merges with the text after it."""


class Model:
    """llama.cpp's model, vocabulary and adapter.

    Attributes:
        can_truncate: Whether tokens can be removed from its memory; see ``checkpoints``.
        dry: The last DRY sampler, with the values it was created from; see ``sampler_chain``.
    """

    def __init__(self, options: ModelOptions, on_progress: Callable[[float], None]) -> None:
        """The client has checked that the files can be what they should be; see ``load_checks``.

        Raises:
            ModelError: The file, the context or the adapter cannot be used.
        """
        self.threads = choose_threads(options.threads)
        self.options = _use_requantized(options, self.threads)
        self.gpu = bool(lib.llama_supports_gpu_offload()) and options.gpu_layers != 0
        self._handle = self._load(on_progress)
        self.vocab = lib.llama_model_get_vocab(self._handle)
        self.vocab_size: int = lib.llama_vocab_n_tokens(self.vocab)
        self.trained_context: int = lib.llama_model_n_ctx_train(self._handle)
        if 0 < self.trained_context < options.context:
            raise ModelError(
                f"The model was trained for {self.trained_context:,} tokens, not for a context of "
                f"{options.context:,}: choose at most {self.trained_context:,}."
            )
        self.can_truncate = not (
            lib.llama_model_is_recurrent(self._handle) or lib.llama_model_is_hybrid(self._handle)
        )
        self.kv_type = self._choose_kv_type()
        self._adapter = self._load_adapter() if options.adapter is not None else None
        self.adapter_hash = sha256(options.adapter) if options.adapter is not None else ""
        self.dry: tuple[tuple[float, ...], Any] | None = None
        self._pieces: dict[int, bytes] = {}
        self._buffer = ctypes.create_string_buffer(4096)
        self._guard = self._find_guard()

    def _load(self, on_progress: Callable[[float], None]) -> Any:
        params = lib.llama_model_default_params()
        params.n_gpu_layers = self.options.gpu_layers if self.gpu else 0

        def report(share: float, _data: Any) -> bool:
            on_progress(share)
            return True

        callback = lib.llama_progress_callback(report)
        params.progress_callback = callback
        handle = lib.llama_model_load_from_file(str(self.options.path).encode(), params)
        if not handle:
            raise ModelError(load_failure(self.options.path, "".join(recent)))
        return handle

    def _load_adapter(self) -> Any:
        adapter = lib.llama_adapter_lora_init(self._handle, str(self.options.adapter).encode())
        if not adapter:
            raise ModelError(
                f"The adapter {self.options.adapter} cannot be used with this model: it must be a "
                "LoRA adapter in GGUF format, trained for the same base model."
            )
        return adapter

    def new_context(self, cells: int, sequences: int, *, unified: bool, name: str) -> Any:
        """Create a llama.cpp context; ``kv`` explains its settings.

        Args:
            cells: How many tokens it holds, all sequences together.
            unified: One pool of cells for all sequences, so that copying a sequence costs nothing;
                otherwise each sequence has its own share and is evaluated as if it were alone.
            name: Its purpose, for the error message.

        Raises:
            ModelError: There is not enough memory.
        """
        params = lib.llama_context_default_params()
        params.n_ctx = -(-cells // 256) * 256
        params.n_batch = params.n_ubatch = UBATCH
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = self.threads
        key_type, _, value_type = self.kv_type.partition("/")
        params.type_k = getattr(lib, f"GGML_TYPE_{key_type.upper()}")
        params.type_v = getattr(lib, f"GGML_TYPE_{(value_type or key_type).upper()}")
        params.flash_attn_type = self._flash_attention()
        params.kv_unified = unified
        params.swa_full = True
        params.no_perf = True
        context = lib.llama_init_from_model(self._handle, params)
        if not context:
            raise ModelError(
                f"There is not enough memory for the cache of {name}: choose a context smaller "
                f"than {self.options.context:,} tokens, or kv_type q8_0."
            )
        if self._adapter is not None:
            adapters = (lib.llama_adapter_lora_p_ctypes * 1)(self._adapter)
            lib.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0))
        return context

    def _choose_kv_type(self) -> str:
        """Resolve ``auto`` (see ``kv``). Quantized keys must consist of whole blocks."""
        if self.options.kv_type != "auto":
            return self.options.kv_type
        return "f16" if self.gpu or self._key_length() % _Q8_BLOCK else "q8_0/f16"

    def _key_length(self) -> int:
        """Size of one head's key: from the metadata, or embedding size over heads."""
        value = self._metadata(f"{self._metadata('general.architecture')}.attention.key_length")
        if value.isdecimal():
            return int(value)
        heads = max(1, int(lib.llama_model_n_head(self._handle)))
        return int(lib.llama_model_n_embd(self._handle)) // heads

    def _metadata(self, key: str) -> str:
        value = ctypes.create_string_buffer(256)
        size = lib.llama_model_meta_val_str(self._handle, key.encode(), value, len(value))
        return value.value.decode("utf-8", "replace") if size >= 0 else ""

    def _flash_attention(self) -> int:
        choice = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        if self.kv_type in ("q8_0", "q4_0"):  # Quantized values need it.
            choice = lib.LLAMA_FLASH_ATTN_TYPE_ENABLED
        elif self.gpu:
            choice = lib.LLAMA_FLASH_ATTN_TYPE_AUTO
        return int(choice)

    @property
    def kv_bytes(self) -> int:
        """Approximate bytes of cache for one token, in 16-bit numbers."""
        per_layer = 2 * 2 * int(lib.llama_model_n_head_kv(self._handle)) * self._key_length()
        return max(1, int(lib.llama_model_n_layer(self._handle)) * per_layer)

    def tokenize(self, text: str, special: bool) -> list[int]:
        """Tokens of a text on its own; safe from any thread.

        Some vocabularies add a space before every text. A prompt is assembled from many texts that
        contain all the spaces they need, so the added one is removed again.
        """
        if not text:
            return []
        if not self._guard:
            return self._tokenize(text, special)
        tokens = self._tokenize(_GUARD + text, special)
        return tokens[len(self._guard) :]

    def _find_guard(self) -> list[int]:
        """The tokens of ``_GUARD`` where the vocabulary adds a space, else none.

        Put before a text, they absorb the added space and are then cut off.
        """
        guard, letter = self._tokenize(_GUARD, False), self._tokenize("a", False)
        adds_space = self.detokenize(letter).startswith(" ")
        merges = self._tokenize(_GUARD + "a", False)[: len(guard)] != guard
        return guard if adds_space and not merges else []

    def _tokenize(self, text: str, special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 16
        while True:
            tokens = (ctypes.c_int32 * room)()
            count = lib.llama_tokenize(self.vocab, raw, len(raw), tokens, room, False, special)
            if count >= 0:
                return tokens[:count]
            room = -count

    def piece(self, token: int) -> bytes:
        """The bytes of a token, control tokens included."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._render(token)
        return piece

    def _render(self, token: int) -> bytes:
        size = lib.llama_token_to_piece(self.vocab, token, self._buffer, 4096, 0, True)
        if size >= 0:
            return self._buffer.raw[:size]
        larger = ctypes.create_string_buffer(-size)
        size = lib.llama_token_to_piece(self.vocab, token, larger, -size, 0, True)
        return larger.raw[: max(0, size)]

    def detokenize(self, ids: Sequence[int]) -> str:
        """Text of tokens; unknown ids and bytes that are not UTF-8 become U+FFFD."""
        unknown = "\ufffd".encode()
        raw = b"".join(self.piece(i) if 0 <= i < self.vocab_size else unknown for i in ids)
        return codecs.decode(raw, "utf-8", "replace")

    def check_ids(self, ids: Sequence[int]) -> None:
        """Check that all tokens belong to this vocabulary.

        Raises:
            EngineError: One of them does not.
        """
        if ids and not (min(ids) >= 0 and max(ids) < self.vocab_size):
            raise EngineError("The prompt has tokens of another model: build it again.")

    def ends(self, token: int) -> bool:
        """Whether the token ends a reply."""
        return bool(lib.llama_vocab_is_eog(self.vocab, token))

    @property
    def start_token(self) -> int:
        """The token for an empty prompt: the begin token, or the end token if there is none."""
        bos = int(lib.llama_vocab_bos(self.vocab))
        return bos if bos >= 0 else int(lib.llama_vocab_eos(self.vocab))

    def info(self) -> EngineInfo:
        """What ``Engine.load`` returns."""
        options = self.options
        template = lib.llama_model_chat_template(self._handle, None)
        return EngineInfo(
            engine="llama",
            model=options.path.stem + (f" + {options.adapter.stem}" if options.adapter else ""),
            path=str(options.path),
            model_hash=options.model_hash,
            context=options.context,
            trained_context=self.trained_context,
            chat_template=template.decode("utf-8", "replace") if template else "",
            bos=self._special(lib.llama_vocab_bos) if self._adds_begin() else "",
            eos=self._special(lib.llama_vocab_eos),
            sequences=options.sequences,
            can_score=True,
            can_rewind=self.can_truncate,
            adapter_hash=self.adapter_hash,
            starter=options.starter,
            detail=self._detail(),
        )

    def _adds_begin(self) -> bool:
        return bool(lib.llama_vocab_get_add_bos(self.vocab))

    def _special(self, which: Callable[[Any], int]) -> str:
        token = which(self.vocab)
        return self.piece(token).decode("utf-8", "replace") if token >= 0 else ""

    def _detail(self) -> dict[str, str]:
        description = ctypes.create_string_buffer(256)
        lib.llama_model_desc(self._handle, description, 256)
        return {
            "description": description.value.decode("utf-8", "replace"),
            "parameters": str(lib.llama_model_n_params(self._handle)),
            "bytes": str(lib.llama_model_size(self._handle)),
            "threads": str(self.threads),
            "gpu": "yes" if self.gpu else "no",
            "gpu_layers": str(self.options.gpu_layers if self.gpu else 0),
            "kv_type": self.kv_type,
            "kv_bytes_per_token": str(self.kv_bytes),
            "system": lib.llama_print_system_info().decode("utf-8", "replace").strip(),
        }


def _use_requantized(options: ModelOptions, threads: int) -> ModelOptions:
    """Requantize the weights where asked; unchanged options where they cannot be written."""
    target = options.requantize_to
    if target is None or not requantize(options.path, target, threads):
        return options
    return replace(options, path=target, model_hash=sha256(target))
