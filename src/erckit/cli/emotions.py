"""``erckit emotions``: where the labels of a corpus lie relative to each other in a model's vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app()


@app.command("emotions")
def emotions(
    model: options.Model,
    corpus: Annotated[str, typer.Option("--corpus", metavar="NAME", help="Corpus whose utterances are mapped.")],
    source: options.Source = None,
    map_to: options.MapFirst = None,
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Split of the corpus.")] = "dev",
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Write the map as a picture.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the map as a page.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the distances as JSON.")] = None,
    projection: Annotated[
        str, typer.Option("--projection", metavar="pca|tsne", help="How vectors come into the plane.")
    ] = "pca",
    distance: Annotated[
        str, typer.Option("--distance", metavar="cosine|euclidean", help="How far two vectors are from each other.")
    ] = "cosine",
    per_label: Annotated[
        int, typer.Option("--per-label", metavar="N", min=2, help="Most utterances of a label that are drawn.")
    ] = 150,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Put what was said into the page; else it holds no word of the corpus.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Seed of the draw and of t-SNE.")] = 1,
    quiet: options.Quiet = False,
) -> None:
    """Map emotions: print the distances between labels, and draw utterances and label means in the plane.

    The labels of the corpus need not be those of the model.
    """
    from erckit.cli.choose import choose
    from erckit.cli.label_outputs import check_place
    from erckit.evaluation.vectors.emotion_map import PROJECTIONS, format_emotion_map, map_emotions
    from erckit.labelling.own_labels.distances import DISTANCES

    choose("--projection", projection, PROJECTIONS)
    choose("--distance", distance, DISTANCES)
    taken: list[Path] = []
    for option, path in (("--png", png), ("--html", html), ("--json", json)):
        if path is not None:
            check_place(path, option, taken)
            taken.append(path)
    if with_text and html is None:
        raise typer.BadParameter("is for --html.", param_hint="--with-text")
    from erckit.corpora import load_corpus
    from erckit.labelling import Labeler
    from erckit.progress import Progress

    data = load_corpus(corpus, folder=source, map=map_to or "")
    data.split(split)  # a mistyped split is told before the model is loaded
    labeler = Labeler.from_pretrained(model, keeps_vectors=True)
    with Progress(None, "Encoding", quiet=quiet) as bar:
        found = map_emotions(
            labeler,
            data,
            split,
            projection=projection,
            distance=distance,
            per_label=per_label,
            seed=seed,
            report=bar.advance,
        )
    print(format_emotion_map(found))
    if png is not None:
        from erckit.reports.figures.emotion_map_figure import save_emotion_map_png

        save_emotion_map_png(found, png)
        say(f"wrote {png}", quiet)
    if html is not None:
        from erckit.reports.pages.emotion_map_page import write_emotion_map

        write_emotion_map(found, html, with_text)
        say(f"wrote {html}", quiet)
    if json is not None:
        import json as json_module

        from erckit.storage.atomic import write_text

        write_text(json, json_module.dumps(found.to_dict(), indent=1, ensure_ascii=False) + "\n")
        say(f"wrote {json}", quiet)
