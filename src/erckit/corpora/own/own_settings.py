"""What a user says of a corpus of their own: a small YAML file beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from erckit.errors import CorpusError, SettingError
from erckit.settings import settings_from_dict


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """Keys of ``corpus.yaml``; see :func:`load_own_corpus` for what they mean."""

    label_column: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    splits: tuple[float, ...] = (0.8, 0.1, 0.1)
    seed: int = 0
    neutral: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Arguments for :func:`load_own_corpus`."""
        return asdict(self)


def own_settings(path: Path) -> OwnSettings:
    """Settings for the corpus at ``path``; defaults where there is no such file.

    For a folder the file is ``corpus.yaml`` in it; for a file ``NAME.csv`` it is ``NAME.corpus.yaml`` beside it,
    else ``corpus.yaml`` there.

    Raises:
        CorpusError: The file is no YAML, or has a key or value that does not exist.
    """
    beside = [path.with_suffix(".corpus.yaml"), path.parent / "corpus.yaml"]
    for place in [path / "corpus.yaml"] if path.is_dir() else beside:
        if place.is_file():
            return _read(place)
    return OwnSettings()


def _read(path: Path) -> OwnSettings:
    import yaml

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if not isinstance(values, dict):
            raise SettingError("it must hold keys such as 'label_column: feeling'.")
        return settings_from_dict(OwnSettings, values)
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise CorpusError(f"{path}: is not YAML ({str(error).splitlines()[0]}). Mend it.") from None
    except SettingError as error:
        raise CorpusError(f"{path}: {error}") from None
