"""Opens what a model folder holds, whichever kind it is, as a system."""

from __future__ import annotations

from pathlib import Path

from erckit.errors import SettingError
from erckit.labelling.find_model import find_model
from erckit.labelling.network_system import NetworkSystem
from erckit.labelling.own_labels.adapted_folder import is_adapted, load_adapted
from erckit.labelling.own_labels.own_labels import OwnLabels
from erckit.model_folder.adapter_folder import is_adapter
from erckit.model_folder.network_folder import load_pretrained
from erckit.models.system import System


def open_system(
    name: str | Path,
    precision: str = "auto",
    device: str | None = None,
    keeps_vectors: bool = False,
    annotations: str | Path | None = None,
) -> System:
    """The system of a bundled model, a model folder, or a model on the Hugging Face hub.

    Args:
        name: See ``find_model``.
        precision: ``auto``, ``fp32`` or ``bf16``.
        device: Torch device; None takes a GPU if there is one.
        keeps_vectors: See ``NetworkSystem`` and ``open_llm_system``.
        annotations: For an LLM system, see ``open_llm_system``.

    Raises:
        ModelFolderError: No such model, or a folder that is incomplete, altered or of another version.
        BackboneError: Its backbone cannot be had.
        SettingError: Annotations for a model that reads none.
    """
    folder = find_model(name)
    if is_adapter(folder):
        from erckit.labelling.prompt_system import open_llm_system

        return open_llm_system(folder, precision, device, keeps_vectors, annotations)
    if annotations is not None:
        raise SettingError(f"'{name}' is no LLM system and reads no annotations. Leave them out.")
    if not is_adapted(folder):
        return NetworkSystem(load_pretrained(folder), folder, precision, device, keeps_vectors)
    pretrained, scoring = load_adapted(folder)
    return OwnLabels(NetworkSystem(pretrained, folder, precision, device, keeps_vectors), scoring)
