"""The list of all signals, in order of cost."""

from __future__ import annotations

from rpterm.scoring.likelihood import Likelihood
from rpterm.scoring.nli import NliModel
from rpterm.scoring.signal import Signal
from rpterm.scoring.signals.addresses_itself import AddressesItself
from rpterm.scoring.signals.anachronism import Anachronism
from rpterm.scoring.signals.assistant_meaning import AssistantMeaning
from rpterm.scoring.signals.assistant_voice import AssistantVoice
from rpterm.scoring.signals.card_and_context import Context, FactMeaning, FactWords, Talk
from rpterm.scoring.signals.contradiction import Contradiction
from rpterm.scoring.signals.empathy import Empathy
from rpterm.scoring.signals.engagement import Engagement
from rpterm.scoring.signals.garbled import Garbled
from rpterm.scoring.signals.inventions import Inventions
from rpterm.scoring.signals.likelihood_lift import ContextLift, PersonaLift, PersonaPeak
from rpterm.scoring.signals.limits import Limits
from rpterm.scoring.signals.memory import MemoryAsked, MemoryWords
from rpterm.scoring.signals.parroting import Parroting
from rpterm.scoring.signals.proactivity import Proactivity
from rpterm.scoring.signals.recital import Recital
from rpterm.scoring.signals.relations import Relations
from rpterm.scoring.signals.repetition import Repetition
from rpterm.scoring.signals.speaking_for_user import SpeakingForUser
from rpterm.scoring.signals.voice import VoiceLikelihood, VoiceMeaning, VoiceWords
from rpterm.scoring.similarity import ContrastiveSimilarity


def available_signals(
    similarity: ContrastiveSimilarity | None,
    likelihood: Likelihood | None,
    infer: NliModel | None = None,
) -> tuple[Signal, ...]:
    """The signals that the given models allow; those on words need no model.

    Args:
        similarity: Embeddings.
        likelihood: The fixed language model.
        infer: An NLI model; it is used only together with ``similarity``.
    """
    contradiction = Contradiction(infer, similarity.encode if similarity is not None else None)
    signals: list[Signal] = [
        FactWords(), MemoryWords(), VoiceWords(), SpeakingForUser(), AddressesItself(),
        AssistantVoice(), Anachronism(), Limits(), contradiction, Relations(), Repetition(),
        Parroting(), Recital(), Garbled(), Inventions(), Engagement(), Proactivity(), Empathy(),
    ]  # fmt: skip
    if similarity is not None:
        signals += [
            FactMeaning(similarity),
            Context(similarity),
            Talk(similarity),
            MemoryAsked(similarity.encode),
        ]
        signals += [VoiceMeaning(similarity.encode), AssistantMeaning(similarity.encode)]
    if likelihood is not None:
        signals += [PersonaLift(likelihood), PersonaPeak(likelihood)]
        signals += [ContextLift(likelihood), VoiceLikelihood(likelihood)]
    return tuple(signals)
