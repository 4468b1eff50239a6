"""``erckit adapt``: a model and a handful of examples of your own labels in, a model with those labels out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler
    from erckit.labelling.own_labels.adapt import Adapted

app = command_app()


@app.command("adapt")
def adapt(
    model: options.Model,
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
    source: options.Source = None,
    distance: Annotated[
        str | None,
        typer.Option(
            "--distance", metavar="cosine|euclidean", help="How far an utterance is from a prototype; else cosine."
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Encoding of the examples; UTF-8 when left out.")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make a model with your own labels from a handful of examples, in seconds; the network is not changed.

    Use the folder like any model: erckit label chat.txt --model DIR. How many of the examples are labelled right while
    they are left out is printed and stands in the model card.
    """
    from erckit.cli.choose import choose
    from erckit.labelling.own_labels.distances import DISTANCES

    if distance is not None:
        choose("--distance", distance, DISTANCES)
    _check_out(out)
    for option, value in (("--corpus", corpus), ("--from", source)):
        if value is not None and not keep_labels:
            raise typer.BadParameter("goes with --keep-labels.", param_hint=option)
    if head and keep_labels:
        raise typer.BadParameter("does not go with --keep-labels.", param_hint="--head")
    if head and distance is not None:
        raise typer.BadParameter("does not go with --head, which measures no distance.", param_hint="--distance")
    from erckit.labelling.own_labels.examples import parse_examples, remarks
    from erckit.readers.detect.decode_file import decode_file

    text = decode_file(examples, encoding)  # once: it may be a pipe
    for line in remarks(parse_examples(examples, text, () if not keep_labels else ("",))):
        say(line, quiet)  # before a model is loaded, as is a fault of the file
    from erckit.labelling import Labeler
    from erckit.labelling.own_labels.adapt import adapt as run
    from erckit.progress import Progress

    labeler = Labeler.from_pretrained(model, precision="fp32")
    _check_out(out, labeler.about.folder, model)
    found = parse_examples(examples, text, labeler.label_set.labels if keep_labels else ())
    data = _own_corpus(labeler, model, corpus, source) if keep_labels else None
    with Progress(None, "Encoding", quiet=quiet) as bar:
        adapted = run(
            labeler,
            model,
            found,
            out,
            head=head,
            keep_labels=keep_labels,
            corpus=data,
            distance=distance or "cosine",
            report=bar.advance,
        )
    print("\n".join(_table(adapted, head)))
    print(out)
    say(f"use it: erckit label FILE --model {out}", quiet)


def _check_out(out: Path, *bases: str | Path) -> None:
    from erckit.errors import ModelFolderError
    from erckit.labelling.own_labels.adapted_folder import check_target

    try:
        check_target(out, *bases)
    except ModelFolderError as error:
        raise typer.BadParameter(str(error), param_hint="--out") from None


def _own_corpus(labeler: Labeler, model: str, name: str | None, source: Path | None) -> Corpus:
    """The corpus that shows what the model's own labels look like: the one named, else the model's, if it is here."""
    from erckit.corpora import load_corpus
    from erckit.errors import CorpusError
    from erckit.labelling.own_labels.adapt import NEEDS_CORPUS
    from erckit.recipe.recorded import recorded_corpus

    trained_on = recorded_corpus(labeler.settings)
    own = name or trained_on.name
    if not own:
        raise CorpusError(f"keeping the labels of '{model}' {NEEDS_CORPUS}")
    try:
        return load_corpus(own, folder=source, map=trained_on.map if own == trained_on.name else "")
    except CorpusError as error:
        if name is not None or source is not None:
            raise
        raise CorpusError(
            f"keeping the labels of '{model}' {NEEDS_CORPUS} Its corpus '{own}' is not here: {error}"
        ) from None


def _table(adapted: Adapted, head: bool) -> list[str]:
    from erckit.evaluation.results.summary import text_table

    rows = [[label, str(count), str(right)] for label, (right, count) in adapted.right.items()]
    lines = text_table(["label", "examples", "right when left out"], rows)
    how = "in folds" if head else "leave-one-out"
    lines += ["", f"{how} accuracy on the examples {100 * adapted.accuracy:.1f} %"]
    never = [label for label, (right, _) in adapted.right.items() if not right]
    if never:
        easier = "another model" if adapted.false_alarms is None else "another model, or no --keep-labels,"
        lines.append(
            f"none right of {', '.join(never)}: do not expect the model to find it. Give more examples, or some that "
            f"are more alike; {easier} may find it more easily"
        )
    if adapted.false_alarms is not None:
        where = f"{adapted.labeler.about.own_labels['corpus']}/{adapted.alarm_split}"
        lines.append(f"utterances of {where} that get a new label by mistake: {100 * adapted.false_alarms:.1f} %")
    return lines
