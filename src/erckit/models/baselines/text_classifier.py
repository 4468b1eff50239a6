"""Any text-classification model of the Hugging Face hub as a labeler that reads every utterance alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from erckit.conversation import Conversation
from erckit.errors import BackboneError, CorpusError, LabelSetError, ModelFolderError
from erckit.labels import LabelSet
from erckit.models.baselines.baseline import Baseline

MOST_TOKENS = 512  # of a model that does not say how many positions it has


class TextClassifier(Baseline):
    """A model that somebody else trained, used as it is.

    It sees neither who speaks nor what came before. Scores are the softmax of its logits; of a model that may give
    several labels at once (``problem_type: multi_label_classification``), each label's sigmoid divided by their sum.
    They are not calibrated.

    Args:
        name: Its name in results.
        folder: Holds ``config.json``, safetensors weights and the tokenizer.
        precision: ``auto``, ``fp32`` or ``bf16``.
        batch_tokens: Tokens read at a time, padding included.

    Raises:
        ModelFolderError: Not a text-classification model that can be loaded; weights in another format than
            safetensors and code that comes with a model are never loaded.
    """

    def __init__(self, name: str, folder: Path, precision: str = "auto", batch_tokens: int = 4096) -> None:
        import torch

        from erckit.encoding.precision import resolve_precision

        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._precision = resolve_precision(precision, self._device)
        self._batch_tokens = batch_tokens
        self._model, self._tokenizer = _load(folder)
        self._model.to(self._device).eval()
        config = self._model.config
        self._is_multi_label = config.problem_type == "multi_label_classification"
        self._limit = _limit(config, self._tokenizer)
        settings = {"model": {"name": "text-classification", "backbone": name, "attention": "isolated"}}
        super().__init__(name, _label_set(folder, config), settings)
        self.parameters = sum(p.numel() for p in self._model.parameters())
        self.trained_parameters = 0

    @classmethod
    def from_pretrained(cls, name: str | Path, precision: str = "auto") -> TextClassifier:
        """Load a folder, or a model of the hub by its name.

        Raises:
            ModelFolderError: No such model, or not one that can be loaded.
        """
        folder = find_text_classifier(name)
        shown = folder.resolve().name if Path(name).expanduser().is_dir() else str(name).replace("/", "-")
        return cls(f"hf-{shown}", folder, precision)

    def with_labels_of(self, label_set: LabelSet) -> None:
        """Spell the labels as ``label_set`` does, where both differ in upper and lower case only."""
        spelling = {label.lower(): label for label in label_set.labels}
        if set(spelling) == set(self.label_set.labels):
            neutral = label_set.neutral
            self.label_set = LabelSet(tuple(spelling[label] for label in self.label_set.labels), neutral)

    def probabilities(
        self, conversations: Sequence[Conversation], report: Callable[[int], None] | None = None
    ) -> list[Sequence[Sequence[float]]]:
        """Scores of every utterance, (U, L) per conversation."""
        import torch

        from erckit.encoding.precision import autocast
        from erckit.networks.preparation import batches_of

        texts = [u.text for conversation in conversations for u in conversation.utterances]
        encoded = self._tokenizer(texts, verbose=False)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        self.truncated += sum(length > self._limit for length in lengths)
        encoded = self._tokenizer(texts, truncation=True, max_length=self._limit)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        self.tokens_processed += sum(lengths)
        found = np.zeros((len(texts), len(self.label_set)))
        by_length = sorted(range(len(texts)), key=lengths.__getitem__)
        with torch.inference_mode(), autocast(self._precision, self._device):
            for chosen in batches_of(by_length, lengths, self._batch_tokens):
                part = {key: [values[i] for i in chosen] for key, values in encoded.items()}
                batch = self._tokenizer.pad(part, return_tensors="pt").to(self._device)
                logits = self._model(**batch).logits.float()  # (n, L)
                scores = torch.sigmoid(logits) if self._is_multi_label else torch.softmax(logits, dim=-1)
                found[chosen] = (scores / scores.sum(-1, keepdim=True).clamp_min(1e-12)).cpu().numpy()
                if report:
                    report(len(chosen))
        return [rows.tolist() for rows in np.split(found, np.cumsum([len(c) for c in conversations])[:-1])]


def find_text_classifier(name: str | Path) -> Path:
    """Folder of a model: one that is here, or one of the hub, fetched if need be.

    Raises:
        ModelFolderError: Neither, or without safetensors weights.
    """
    from erckit.backbones.model_hub import fetch_hub_model

    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelFolderError(f"{folder}: has no config.json, so it is no model folder. Give one that is.")
        if not any(folder.glob("*.safetensors")):
            raise ModelFolderError(
                f"{folder}: has no safetensors weights, and erckit loads nothing else because other formats can run "
                "code. Save the model again with save_pretrained."
            )
        return folder
    if str(name).count("/") > 1 or str(name).startswith((".", "/", "~")):
        raise ModelFolderError(f"{name}: there is no such folder. Give a folder, or owner/name of a model on the hub.")
    try:
        return fetch_hub_model(str(name))
    except BackboneError as error:
        raise ModelFolderError(str(error).replace(f"backbone '{name}'", f"model '{name}'", 1)) from None


def _load(folder: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        with _quiet_transformers():
            model, report = AutoModelForSequenceClassification.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        # transformers raises errors of its own, of safetensors, of its tokenizers and of the system.
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ModelFolderError(
            f"{folder}: not a text-classification model that can be loaded ({type(error).__name__}: {first}). "
            "Get it again, or give another."
        ) from None
    if missing := sorted(report["missing_keys"]):
        raise ModelFolderError(
            f"{folder}: lacks the weights of {', '.join(missing[:3])}, so it was never trained to classify texts. "
            "Give a text-classification model."
        )
    return model, tokenizer


def _label_set(folder: Path, config: Any) -> LabelSet:
    labels = tuple(str(config.id2label[i]).strip().lower() for i in range(config.num_labels))
    try:
        return LabelSet(labels, "neutral" if "neutral" in labels else None)
    except LabelSetError as error:
        raise ModelFolderError(f"{folder}: its id2label cannot be used ({error}). Correct config.json.") from None


def _limit(config: Any, tokenizer: Any) -> int:
    """Tokens of a text that the model can read."""
    positions = getattr(config, "max_position_embeddings", None)
    kind = str(config.model_type)
    # These count positions from after the padding token's id.
    skipped = int(config.pad_token_id or 0) + 1 if "roberta" in kind or kind in ("camembert", "mpnet") else 0
    own = MOST_TOKENS if not positions or positions < 0 else int(positions) - skipped
    return min(own, int(min(tokenizer.model_max_length, 1_000_000)))


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep the library's remarks and bars about loading out of the user's terminal."""
    from transformers.utils import logging

    verbosity, has_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bar:
            logging.enable_progress_bar()


# Last part of the hub name in lower case, as copies have other owners -> corpora it was trained on. Only what could be
# checked stands here: a model that is missing may have seen a corpus all the same.
# A task of a corpus (meld_sentiment) is the same text as the corpus (meld).
SEEN: dict[str, tuple[str, ...]] = {
    "emotion-english-distilroberta-base": ("meld",),
    "emoberta-base": ("meld", "iemocap"),
    "emoberta-large": ("meld", "iemocap"),
    "roberta-base-go_emotions": ("goemotions",),
}


def seen_corpora(name: str, folder: Path) -> tuple[str, ...]:
    """Corpora a text classifier is known to have been trained on; empty when nothing is known.

    Args:
        name: Hub name or folder, as the user gave it.
        folder: Where it lies; its ``config.json`` may remember another name.
    """
    names = [name, str(folder)]
    try:
        names.append(str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_name_or_path", "")))
    except (OSError, ValueError, AttributeError):
        pass
    for known, corpora in SEEN.items():
        for one in names:
            # The hub's cache keeps "owner/name" in a folder "models--owner--name".
            if known in [part.rpartition("--")[2] for part in one.lower().replace("\\", "/").split("/")]:
                return corpora
    return ()


def refuse_seen(name: str, folder: Path, corpus: str) -> None:
    """Refuse to score a model on a corpus it was trained on.

    Args:
        name: Hub name or folder of the model.
        folder: Where it lies.
        corpus: Name of a corpus, or of one of its tasks.

    Raises:
        CorpusError: It was trained on that corpus.
    """
    for seen in seen_corpora(name, folder):
        if corpus == seen or corpus.startswith(f"{seen}_"):
            raise CorpusError(
                f"'{name}' was trained on {seen}, so its scores on '{corpus}' say nothing about new conversations. "
                "Choose another corpus, or add --allow-seen to score it all the same."
            )
