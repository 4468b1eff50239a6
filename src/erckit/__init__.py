"""erckit labels every utterance of a conversation with an emotion, and trains and compares the models that do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from erckit import moved_modules

if TYPE_CHECKING:
    from erckit.conversation import Conversation, Utterance
    from erckit.corpora import Corpus, load_corpus
    from erckit.evaluation.results.result import Result
    from erckit.labelling import Labeler
    from erckit.labels import LabelSet
    from erckit.readers import read_conversations
    from erckit.recipe.load_recipe import load_recipe
    from erckit.recipe.recipe import Recipe

__version__ = "0.1.0"

moved_modules.install()

# Name -> module that has it. Imported on first use, so that `import erckit` costs milliseconds, not torch.
_EXPORTS = {
    "Conversation": "erckit.conversation",
    "Utterance": "erckit.conversation",
    "LabelSet": "erckit.labels",
    "Labeler": "erckit.labelling",
    "Corpus": "erckit.corpora",
    "Recipe": "erckit.recipe.recipe",
    "Result": "erckit.evaluation.results.result",
    "load_corpus": "erckit.corpora",
    "load_recipe": "erckit.recipe.load_recipe",
    "read_conversations": "erckit.readers",
}

__all__ = [
    "Conversation",
    "Corpus",
    "LabelSet",
    "Labeler",
    "Recipe",
    "Result",
    "Utterance",
    "__version__",
    "load_corpus",
    "load_recipe",
    "read_conversations",
]


def __getattr__(name: str) -> Any:
    """Import a public name the first time it is asked for."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'erckit' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
