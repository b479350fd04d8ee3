"""The list of all signals, in order of cost."""

from __future__ import annotations

from rpterm.scoring.fit import Fit
from rpterm.scoring.inference import Infer
from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.records import Signal
from rpterm.scoring.signals.addressing import Addressing
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant import AssistantVoice
from rpterm.scoring.signals.assistant_meaning import AssistantMeaning
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.empathy import Empathy
from rpterm.scoring.signals.engagement import Engagement
from rpterm.scoring.signals.fitting import Context, FactMeaning, FactWords, Talk
from rpterm.scoring.signals.garbled import Garbled
from rpterm.scoring.signals.lift import ContextLift, PersonaLift, PersonaPeak
from rpterm.scoring.signals.limits import Limits
from rpterm.scoring.signals.parroting import Parroting
from rpterm.scoring.signals.proactivity import Proactivity
from rpterm.scoring.signals.relations import Relations
from rpterm.scoring.signals.remembering import MemoryMeaning, MemoryWords
from rpterm.scoring.signals.repetition import Repetition
from rpterm.scoring.signals.speaking import Speaking
from rpterm.scoring.signals.voice import VoiceLikelihood, VoiceMeaning, VoiceWords


def signals_for(
    fit: Fit | None, likelihood: Likelihood | None, infer: Infer | None = None
) -> tuple[Signal, ...]:
    """The signals that the given models allow; those on words need no model.

    Args:
        fit: Embeddings.
        likelihood: The fixed language model.
        infer: An NLI model; it is used only together with ``fit``.
    """
    contradiction = Contradiction(infer, fit.encode if fit is not None else None)
    signals: list[Signal] = [
        FactWords(), MemoryWords(), VoiceWords(), Speaking(), Addressing(), AssistantVoice(),
        Anachronism(), Limits(), contradiction, Relations(), Repetition(), Parroting(), Garbled(),
        Engagement(), Proactivity(), Empathy(),
    ]  # fmt: skip
    if fit is not None:
        signals += [FactMeaning(fit), Context(fit), Talk(fit), MemoryMeaning(fit)]
        signals += [VoiceMeaning(fit.encode), AssistantMeaning(fit.encode)]
    if likelihood is not None:
        signals += [PersonaLift(likelihood), PersonaPeak(likelihood)]
        signals += [ContextLift(likelihood), VoiceLikelihood(likelihood)]
    return tuple(signals)
