"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.encoding.precision import PRECISIONS

Source = Annotated[Path | None, typer.Option("--from", metavar="DIR", help="Folder that holds the corpus files.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
NoRemarks = Annotated[bool, typer.Option("--quiet", "-q", help="No remarks.")]
OnlyFolder = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the folder.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write the tables as Markdown.")]
Split = Annotated[str, typer.Option("--split", metavar="NAME", help="Split to score on.")]
OtherCorpus = Annotated[str | None, typer.Option("--corpus", metavar="NAME", help="Another corpus than the recipe's.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="Model folder or name, such as everyday.")]
ModelOrEveryday = Annotated[
    str | None,
    typer.Option("--model", metavar="MODEL", help="Model folder or name; the bundled everyday if left out."),
]
Memory = Annotated[
    Path | None,
    typer.Option("--memory", metavar="DIR", help="Speaker memory: speakers are known again, and remembered."),
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Whose speakers of the memory.")]
MinConfidence = Annotated[
    float | None,
    typer.Option("--min-confidence", metavar="P", min=0.0, max=1.0, help="Abstain below this score, 0 to 1."),
]
Precision = Annotated[str, typer.Option("--precision", metavar="|".join(PRECISIONS), help="Arithmetic of the model.")]
MapFirst = Annotated[
    str | None,
    typer.Option("--map", metavar="NAME_OR_FILE", help="Map the labels first: ekman, unified, polarity, a file."),
]
