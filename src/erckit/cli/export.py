"""``erckit export``: the adapter of an LLM system, for peft and vLLM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app()


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder of an LLM system.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="New folder of the adapter.")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the folder only.")] = False,
) -> None:
    """Write the adapter of an LLM system as peft and vLLM load it. The base model is not part of the folder.

    Labels of erckit need its prompts: with vLLM serving the adapter, see --engine of erckit label and erckit evaluate.
    """
    from erckit.errors import ModelFolderError
    from erckit.labelling.find_model import find_model
    from erckit.model_folder.adapter_folder import is_adapter, read_adapter_folder
    from erckit.model_folder.peft_folder import check_new, write_peft_folder

    try:
        check_new(out)
    except ModelFolderError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from None
    folder = find_model(model)
    if not is_adapter(folder):
        raise ModelFolderError(
            f"model '{model}' is no LLM system and has no adapter. Give the folder of a model such as instruct_erc, or "
            "write the encoder of this one with 'erckit backbones from'."
        )
    adapter = read_adapter_folder(folder)
    print(write_peft_folder(adapter, folder, out))
    say(f"it belongs to '{adapter.base}', see {out / 'README.md'}", quiet)
