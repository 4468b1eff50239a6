"""``erckit adapt``: a model and a handful of examples of your own labels in, a model with those labels out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler
    from erckit.labelling.adapt import Adapted

app = command_app()


@app.command("adapt")
def adapt(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Model folder or name, such as everyday.")],
    examples: Annotated[
        Path,
        typer.Option(
            "--examples",
            "-e",
            metavar="FILE.csv",
            help="Columns label,text and, for utterances in context, speaker,conversation,order. 4 to 64 per label.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the new model.")],
    head: Annotated[
        bool, typer.Option("--head", help="Fit a logistic regression instead of taking the nearest prototype.")
    ] = False,
    keep_labels: Annotated[
        bool, typer.Option("--keep-labels", help="Add the new labels to the model's own instead of replacing them.")
    ] = False,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", metavar="NAME", help="With --keep-labels: corpus that shows the model's own labels."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Folder that holds the corpus files.")
    ] = None,
    distance: Annotated[
        str, typer.Option("--distance", metavar="cosine|euclidean", help="How far an utterance is from a prototype.")
    ] = "cosine",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Make a model with your own labels from a handful of examples, in seconds; the network is not changed.

    Use the folder like any model: erckit label chat.txt --model DIR. How many of the examples are labelled right while
    they are left out is printed and stands in the model card.
    """
    from erckit.cli.choose import choose
    from erckit.labelling.distances import DISTANCES

    choose("--distance", distance, DISTANCES)
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"'{out}' is a file. Name a folder.", param_hint="--out")
    if out.is_dir() and any(out.iterdir()) and not (out / "manifest.json").is_file():
        raise typer.BadParameter(f"'{out}' holds other files. Name a new folder.", param_hint="--out")
    if corpus is not None and not keep_labels:
        raise typer.BadParameter("goes with --keep-labels.", param_hint="--corpus")
    if head and keep_labels:
        raise typer.BadParameter("does not go with --keep-labels.", param_hint="--head")
    from erckit.labelling.examples import read_examples

    read_examples(examples, () if not keep_labels else ("",))  # a fault of the file is told before a model is loaded
    from erckit.labelling import Labeler
    from erckit.labelling.adapt import adapt as run
    from erckit.progress import Progress

    labeler = Labeler.from_pretrained(model, precision="fp32")
    if (out / "manifest.json").is_file() and out.resolve() == labeler.folder.resolve():
        raise typer.BadParameter("is the model itself. Name a new folder.", param_hint="--out")
    found = read_examples(examples, labeler.label_set.labels if keep_labels else ())
    data = _own_corpus(labeler, corpus, source, quiet) if keep_labels else None
    with Progress(None, "Encoding", quiet=quiet) as bar:
        adapted = run(
            labeler,
            model,
            found,
            out,
            head=head,
            keep_labels=keep_labels,
            corpus=data,
            distance=distance,
            report=bar.advance,
        )
    for line in adapted.lines:
        say(line, quiet)
    print("\n".join(_table(adapted, head)))
    print(out)
    say(f"use it: erckit label FILE --model {out}", quiet)


def _own_corpus(labeler: Labeler, name: str | None, source: Path | None, quiet: bool) -> Corpus | None:
    """The corpus that shows what the model's own labels look like: the one named, else the model's, if it is here."""
    from erckit.corpora import load_corpus
    from erckit.errors import CorpusError

    settings = labeler.settings
    own = name or settings.get("corpus")
    if own is None:
        return None
    mapping = "" if name is not None and name != settings.get("corpus") else str(settings.get("map") or "")
    try:
        return load_corpus(str(own), folder=source, map=mapping)
    except CorpusError as error:
        if name is not None or source is not None:
            raise
        say(f"the model's corpus '{own}' is not here ({error})", quiet)
        return None


def _table(adapted: Adapted, head: bool) -> list[str]:
    from erckit.evaluation.summary import text_table

    rows = [[label, str(count), str(right)] for label, (right, count) in adapted.right.items()]
    lines = text_table(["label", "examples", "right when left out"], rows)
    how = "in folds" if head else "leave-one-out"
    lines += ["", f"{how} accuracy on the examples {100 * adapted.accuracy:.1f} %"]
    if adapted.false_alarms is not None:
        lines.append(f"utterances of the corpus that get a new label by mistake: {100 * adapted.false_alarms:.1f} %")
    return lines
