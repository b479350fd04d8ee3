"""Opens the model for which training data is written, by its name or as the settings have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rpterm import paths as folders
from rpterm.cli.user_files import load_settings
from rpterm.preference.trainer_model import TrainerModel, build_trainer_model


@contextmanager
def open_trainer_model(name: str | None) -> Iterator[TrainerModel]:
    """A model by its name or file, or the one of the settings; no weights are loaded.

    If it is not a local file (a remote engine), ChatML replaces its template and its tokens are
    estimated; its name says so.

    Raises:
        RptermError: It cannot be used.
    """
    paths = folders.find()
    settings = load_settings()
    if name is None and settings.engine != "llama":
        yield build_trainer_model("ChatML, tokens estimated", "", "", "<|im_end|>", None)
        return
    from rpterm.engine.llama.vocab import Vocabulary
    from rpterm.models import library, templates
    from rpterm.models.engine_factory import checked_header

    path = library.find_model(settings.model if name is None else name, paths.models, paths.cache)
    header = checked_header(path, folders.make_folder(paths.cache))
    with Vocabulary(path) as vocabulary:
        source = templates.load_template(settings.chat_template) or header.chat_template
        yield build_trainer_model(path.stem, source, header.bos, header.eos, vocabulary)
