"""The models of a server: loaded once, found by id, never by a path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from erckit.errors import nearest
from erckit.server.guards.refusal import Refusal

Load = Callable[[str, Any], Any]
"""From what ``ServerSettings.models`` says of a model, and the speaker memory or None, to a Labeler."""


class ModelTable:
    """Labelers by id.

    Args:
        labelers: Id -> labeler; the first is the default.
    """

    def __init__(self, labelers: Mapping[str, Any]) -> None:
        self._labelers = dict(labelers)
        self.default = next(iter(self._labelers))

    @classmethod
    def load(cls, models: Mapping[str, str], store: Any, load: Load) -> ModelTable:
        """Load every model.

        Raises:
            ModelFolderError: One cannot be loaded.
        """
        return cls({name: load(source, store) for name, source in models.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self._labelers)

    def find(self, name: str | None) -> str:
        """``name`` if there is such a model, the default for None.

        Raises:
            Refusal: 404, with the nearest id.
        """
        if name is None:
            return self.default
        if name not in self._labelers:
            raise Refusal(404, "unknown_model", f"no model '{name}'. {nearest(name, self._labelers)}")
        return name

    def labeler(self, name: str) -> Any:
        """The labeler of an id that :meth:`find` gave."""
        return self._labelers[name]
