"""Whose training a folder holds."""

from __future__ import annotations

import json
from pathlib import Path

from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError
from erckit.recipe.recipe import Recipe
from erckit.settings import with_defaults
from erckit.storage.atomic import write_text


def claim_folder(out: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> None:
    """Write down which training the folder holds, or refuse a folder that holds another one.

    Args:
        out: Folder of the training.
        recipe: What is to be trained.
        corpus: On what.
        resume: Whether a training of the same recipe may go on.

    Raises:
        CheckpointError: It holds another training, or something although ``resume`` is off.
    """
    recorded = out / "recipe.json"
    wanted = {"recipe": recipe.to_dict(), "corpus": corpus.name}
    if recorded.is_file():
        if not resume:
            raise CheckpointError(f"{out} holds a training already. Choose another --out, or let it resume.")
        try:
            found = json.loads(recorded.read_text(encoding="utf-8"))
        except ValueError:
            raise CheckpointError(f"{recorded}: not JSON. Choose another --out.") from None
        if isinstance(found, dict):
            found["recipe"] = with_defaults(Recipe, found.get("recipe"))
        if json.loads(json.dumps(found)) != json.loads(json.dumps(wanted)):
            raise CheckpointError(f"{out} holds a training of another recipe (see {recorded}). Choose another --out.")
    elif not resume and out.is_dir() and any(out.iterdir()):
        raise CheckpointError(f"{out} is not empty. Choose another --out.")
    else:
        write_text(recorded, json.dumps(wanted, indent=2) + "\n")
