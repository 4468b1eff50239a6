"""Results that measure a model's vectors instead of its labels: few-shot episodes and the forced choice.

They have a file layout of their own, so that none of them ever stands beside a classification score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.errors import ResultError

if TYPE_CHECKING:
    from erckit.labelling import Labeler

SCHEMA_VERSION = 1
KINDS = ("few-shot", "forced-choice")


@dataclass(frozen=True, slots=True)
class SpaceResult:
    """What was measured on a model's vectors.

    Args:
        kind: ``few-shot`` or ``forced-choice``.
        protocol: Its name ("dailydialog/forced-choice"), corpus, split, counts, and all that was set.
        system: Name of the model.
        metrics: Scores, fractions; "interval_95" holds bounds by name.
        reference: What the scores are to be read against: the frozen backbone's scores, or those of chance.
        runs: One entry per seed or, for episodes, one list of accuracies per system.
        gain: Of episodes, what each conversation adds to the difference
            (:class:`~erckit.evaluation.comparison.paired_gain.PairedGain`); empty in files of earlier versions.
        config: The recipe as trained.
        versions: Package name to version.
        hardware: Processor, cores and accelerator.
        wall_seconds: Seconds that it took.
        code_version: Commit of the code, None outside a checkout.
        parameters: Parameters of the network, or None when unknown.
        schema_version: Version of this layout.
    """

    kind: str
    protocol: Mapping[str, Any]
    system: str
    metrics: Mapping[str, Any]
    reference: Mapping[str, Any]
    runs: tuple[Mapping[str, Any], ...]
    gain: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    wall_seconds: float = 0.0
    code_version: str | None = None
    parameters: int | None = None
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """The result as JSON text, lists of numbers on one line each."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        head = {name: data.pop(name) for name in ("kind", "schema_version")}
        runs = [json.dumps(_plain(run), ensure_ascii=False, allow_nan=False) for run in data.pop("runs")]
        gain = data.pop("gain")  # of too many conversations for a line each, and too small numbers for 5 decimals
        tail = f' "gain": {json.dumps(dict(gain), ensure_ascii=False, allow_nan=False)},\n' if gain else ""
        text = json.dumps(_plain({**head, **data}), indent=1, ensure_ascii=False, allow_nan=False)
        return text.removesuffix("\n}") + ",\n" + tail + ' "runs": [\n  ' + ",\n  ".join(runs) + "\n ]\n}\n"

    @classmethod
    def from_json(cls, text: str, source: str = "result") -> SpaceResult:
        """Read what :meth:`to_json` wrote.

        Raises:
            ResultError: Not such a result, or of an unknown version.
        """
        try:
            data = json.loads(text)
            kind, version = data["kind"], data["schema_version"]
            if kind not in KINDS or version != SCHEMA_VERSION:
                raise ValueError(f"kind {kind!r}, schema version {version!r}")
            return cls(**{**data, "runs": tuple(data["runs"])})
        except (KeyError, TypeError, ValueError) as error:
            raise ResultError(
                f"{source}: not a few-shot or forced-choice result of this version ({error}); evaluate again."
            ) from None

    def save(self, path: str | Path) -> Path:
        """Write the result; an existing file is replaced at once or not at all."""
        from erckit.storage.atomic import write_text

        return write_text(path, self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> SpaceResult:
        """Read a result file.

        Raises:
            ResultError: It cannot be read, or is not such a result.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ResultError(f"{path}: cannot be read ({error}); name a file that 'erckit evaluate' wrote.") from None
        return cls.from_json(text, str(path))


def provenance_of(labeler: Labeler) -> dict[str, Any]:
    """Fields that say where a result was made."""
    from erckit.evaluation.run.evaluate import portable
    from erckit.evaluation.run.provenance import code_version, hardware, package_versions

    return {
        "config": portable(labeler.settings),
        "versions": package_versions(),
        "hardware": hardware(),
        "code_version": code_version(),
        "parameters": labeler.parameters,
    }


def _plain(value: Any) -> Any:
    """Numbers of numpy, tuples and paths as JSON knows them; fractions to 5 decimals."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return round(value, 5)
    return value.name if isinstance(value, Path) else value
