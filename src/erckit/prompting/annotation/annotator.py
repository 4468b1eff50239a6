"""Writes biographies and characteristics, whoever does the writing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.backbones.causal_lms import DEFAULT_CAUSAL_LM
from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.grow_biographies import WrittenBiographies
from erckit.prompting.context.context_settings import ENGINES
from erckit.prompting.engines.endpoint import KEY_VARIABLE
from erckit.settings import choose

if TYPE_CHECKING:
    from erckit.memory.biography import Biography
    from erckit.prompting.engines.budget import Budget

# Per utterance, what was inferred by ATOMIC element.
Characteristics = tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a writer of biographies may know besides the conversations, see :meth:`Annotator.biographies`."""

    anonymous: Collection[str] = ()
    known: Mapping[str, Biography] | None = None
    labels: Sequence[Sequence[str | None]] | None = None
    keeps_last: bool = False


class Annotator(ABC):
    """Writes what prompts show about speakers and utterances."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Who writes."""

    def biographies(
        self,
        conversations: Sequence[Conversation],
        settings: BiographySettings,
        *,
        anonymous: Collection[str] = (),
        known: Mapping[str, Biography] | None = None,
        labels: Sequence[Sequence[str | None]] | None = None,
        keeps_last: bool = False,
    ) -> WrittenBiographies:
        """A biography for every utterance.

        Args:
            conversations: All that may be remembered and all targets, in file order.
            settings: How.
            anonymous: Generic names of the corpus, besides the usual ones.
            known: Biographies that speakers have already, from a speaker memory; they go on from there.
            labels: Emotions of the utterances, where they are known and may be used: only ``extract`` shows them, and
                only of utterances before the target.
            keeps_last: Whether to take in what speakers said after the last utterance that shows it, for a memory.

        Raises:
            AnnotationError: The writer does not answer, or a file lacks some; what was written is kept.
        """
        return self._biographies(conversations, settings, Told(anonymous, known, labels, keeps_last))

    @abstractmethod
    def _biographies(
        self, conversations: Sequence[Conversation], settings: BiographySettings, told: Told
    ) -> WrittenBiographies:
        """As :meth:`biographies`."""

    @abstractmethod
    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """What lies behind every utterance, by ATOMIC element, from the utterance and ``window`` before it.

        Raises:
            AnnotationError: As for biographies.
            SettingError: An unknown element, or a writer that writes no characteristics.
        """


def open_annotator(
    kind: str,
    *,
    model: str = "",
    url: str = "",
    file: str | Path = "",
    tokens: int = 0,
    seconds: float = 0.0,
    tries: int = 4,
    timeout: float = 60.0,
    parallel: int = 4,
    dtype: str = "fp32",
    key_variable: str = KEY_VARIABLE,
    cache: Path | None = None,
    budget: Budget | None = None,
    quiet: bool = True,
) -> Annotator:
    """An annotator by kind.

    Args:
        kind: ``extract`` (no language model; biographies only), ``local`` (a causal language model on this machine),
            ``endpoint`` (any OpenAI-compatible server) or ``file`` (ready annotations).
        model: For ``local`` (the embedded one if empty) and ``endpoint``.
        url: Of the endpoint.
        file: Of ready annotations, as ``erckit annotate --out`` writes them.
        tokens: Most tokens to spend; 0 for no limit.
        seconds: Most time to spend; 0 for no limit.
        tries: Times a request is tried.
        timeout: Seconds of one try at an endpoint.
        parallel: Requests under way at the same time.
        dtype: Of a local model.
        key_variable: Environment variable with the endpoint's key.
        cache: File where answers are kept; None takes the model's in the cache folder.
        budget: What may be spent and was, where it is shared with others; None makes one of ``tokens``, ``seconds``
            and ``tries``.
        quiet: No progress.

    Raises:
        SettingError: An unknown kind, or a setting it needs is missing.
        AnnotationError: The file cannot be read.
        BackboneError: The local model cannot be had.
    """
    choose(kind, ENGINES, "engine")
    if kind == "extract":
        from erckit.prompting.annotation.extract_annotator import ExtractAnnotator

        return ExtractAnnotator()
    if kind == "file":
        from erckit.prompting.annotation.file_annotator import FileAnnotator

        if not str(file):
            raise SettingError("the engine 'file' needs a file of ready annotations. Name it with --file.")
        return FileAnnotator(Path(file))
    from erckit.prompting.annotation.model_annotator import ModelAnnotator
    from erckit.prompting.engines.answer_cache import AnnotationCache, annotation_file
    from erckit.prompting.engines.budget import Budget, BudgetSettings
    from erckit.prompting.engines.engine import Engine

    engine: Engine
    if kind == "local":
        from erckit.prompting.engines.local_engine import LocalEngine

        engine = LocalEngine(model or DEFAULT_CAUSAL_LM, dtype=dtype, parallel=parallel)
    else:
        from erckit.prompting.engines.endpoint import EndpointEngine

        engine = EndpointEngine(url, model, key_variable=key_variable, timeout=timeout, parallel=parallel)
    kept = AnnotationCache(cache or annotation_file(engine.name), engine.name)
    return ModelAnnotator(engine, kept, budget or Budget(BudgetSettings(tries, tokens, seconds)), quiet)
