"""The Hugging Face hub, asked in a way that gives up within seconds where there is no network."""

from __future__ import annotations

import contextlib
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from erckit.errors import BackboneError

# Longest time a user without network waits before the next source is tried.
_PROBE_SECONDS = 5.0
# Chat templates are .jinja files, sentencepiece vocabularies .model files.
_WANTED = ("*.safetensors", "*.json", "*.txt", "*.jinja", "*.model")
_UNWANTED = ("*/*",)


def hub_problem(seconds: float = _PROBE_SECONDS) -> str | None:
    """Why the hub cannot be used now, or None when it answers.

    huggingface_hub retries an unreachable host for half a minute and warns at each try; one short request
    beforehand spares the user that. It runs in its own thread, because a name look-up cannot be timed out.

    Args:
        seconds: How long to wait for an answer.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    answer: list[str | None] = []

    def ask() -> None:
        request = urllib.request.Request(constants.ENDPOINT, method="HEAD", headers={"User-Agent": "erckit"})
        try:
            urllib.request.urlopen(request, timeout=seconds).close()
            answer.append(None)
        except urllib.error.HTTPError:
            answer.append(None)  # it answered; whether it has the file is asked next
        except (OSError, ValueError) as error:
            answer.append(str(getattr(error, "reason", error)))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else f"no answer within {seconds:g} seconds"


def fetch_hub_file(hub_name: str, file: str, target: Path) -> None:
    """Put one file of a hub repository at ``target``, from the hub's own cache when it is there already.

    Args:
        hub_name: ``owner/name`` on the hub.
        file: File name inside the repository.
        target: Where the file goes.

    Raises:
        BackboneError: The hub cannot be reached or refuses.
    """
    import shutil

    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    with _quiet_hub():
        cached = try_to_load_from_cache(hub_name, file)
        if isinstance(cached, str):
            shutil.copyfile(cached, target)
            return
        problem = hub_problem()
        if problem is None:
            try:
                shutil.copyfile(hf_hub_download(hub_name, file, etag_timeout=_PROBE_SECONDS), target)
                return
            except Exception as error:
                # The hub client raises errors of its own, of its HTTP library and of the system.
                problem = _one_line(error)
    raise BackboneError(f"{hub_name}: cannot get '{file}' from the hub ({problem}).")


def fetch_hub_model(name: str) -> Path:
    """Folder with the safetensors weights, configuration and tokenizer of any encoder on the hub.

    Args:
        name: Name on the hub, such as ``roberta-large`` or ``owner/name``.

    Raises:
        BackboneError: No such model, no safetensors weights in it, or the hub cannot be reached.
    """
    from huggingface_hub import snapshot_download

    offline_help = (
        f"Where the hub can be reached, run 'hf download {name}', copy that folder here "
        "and give its path instead of the name."
    )
    with _quiet_hub():
        folder = _cached_snapshot(name)
        if folder is not None and _is_encoder(folder):
            return folder
        problem = hub_problem()
        if problem is not None:
            raise BackboneError(f"backbone '{name}': the model hub cannot be used ({problem}). {offline_help}")
        try:
            folder = Path(
                snapshot_download(
                    name, allow_patterns=list(_WANTED), ignore_patterns=list(_UNWANTED), etag_timeout=_PROBE_SECONDS
                )
            )
        except Exception as error:
            raise BackboneError(
                f"backbone '{name}': the model hub refused ({_one_line(error)}). Check the name on the hub; "
                "for a gated model run 'hf auth login' first."
            ) from None
    if not _is_encoder(folder):
        raise BackboneError(
            f"backbone '{name}': the hub has no safetensors weights for it, and erckit loads nothing else "
            "because other formats can run code. Convert it with save_pretrained and give the folder."
        )
    return folder


def _cached_snapshot(name: str) -> Path | None:
    from huggingface_hub import snapshot_download

    with contextlib.suppress(Exception):
        return Path(snapshot_download(name, allow_patterns=list(_WANTED), local_files_only=True))
    return None


def _is_encoder(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip()}".splitlines()[0][:200]


@contextlib.contextmanager
def _quiet_hub() -> Iterator[None]:
    """Keep the hub client's advice (log in, set this variable) out of the user's terminal."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
