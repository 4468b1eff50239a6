"""``erckit corpora``: benchmark corpora, how to get them, what is in them and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app("List, get, describe and check benchmark corpora.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name from 'erckit corpora list'.")]
Folder = Annotated[Path | None, typer.Option("--from", metavar="DIR", help="Folder that holds the corpus files.")]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON, too.")]


@app.command("list")
def list_corpora() -> None:
    """Show the corpora erckit knows, their licence, and which are on this machine."""
    from erckit.corpora.load_corpus import CORPORA, corpus_source, find_layout

    for name in CORPORA:
        source = corpus_source(name)
        here = "here" if find_layout(source) is not None else "not here"
        print(f"{name:18} {source.title}; {source.licence}; {source.source}; {here}")


@app.command("get")
def get(
    name: Name,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take the files from this folder, download nothing.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the folder.")] = False,
) -> None:
    """Download a corpus from its pinned source, check it, and print its folder. Resumes when interrupted."""
    from erckit.corpora.get_corpus import get_corpus

    print(get_corpus(name, from_dir=source, report=lambda line: say(line, quiet), quiet=quiet))


@app.command("stats")
def stats(name: Name, source: Folder = None, json: Json = None) -> None:
    """Count a corpus, split by split, and compare with the published counts."""
    from erckit.corpora import load_corpus
    from erckit.corpora.corpus_statistics import corpus_statistics

    _show(corpus_statistics(load_corpus(name, folder=source)), json)


@app.command("check")
def check(name: Name, source: Folder = None, json: Json = None) -> None:
    """Look for duplicates, empty texts, conflicting labels and speakers that splits share."""
    from erckit.corpora import load_corpus
    from erckit.corpora.check_corpus import check_corpus

    _show(check_corpus(load_corpus(name, folder=source)), json)


def _show(found: Any, json_path: Path | None) -> None:
    """Print a description's lines, and write it as JSON where that is wanted."""
    print("\n".join(found.lines()))
    if json_path is not None:
        import json

        from erckit.storage.atomic import write_text

        write_text(json_path, json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
