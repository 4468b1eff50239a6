"""``erckit corpora``: benchmark corpora, how to get them, what is in them and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app("List, get, describe and check benchmark corpora.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name from 'erckit corpora list'.")]
Folder = Annotated[Path | None, typer.Option("--from", metavar="DIR", help="Folder that holds the corpus files.")]
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON, too.")]


@app.command("list")
def list_corpora() -> None:
    """Show the corpora erckit knows: licence, source, which splits are on this machine, and the protocols."""
    from erckit.corpora.find_layout import find_layout
    from erckit.corpora.known_corpora import corpus_source, known_corpora

    for name in known_corpora():
        source = corpus_source(name)
        found = find_layout(source)
        here = f"here: {', '.join(found[1])}" if found is not None else "not here"
        if found is not None and len(found[1]) < len(found[0].files):
            here += f" (not {', '.join(split for split in found[0].files if split not in found[1])})"
        print(f"{name:18} {source.title}; {source.licence}; {source.source}")
        protocols = ", ".join(protocol.split for protocol in source.protocols().values())
        print(f"{'':18} {here}; protocols: {protocols} by {source.metric}, each also as SPLIT-dedup")


@app.command("get")
def get(
    name: Name,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Take the files from this folder, download nothing.")
    ] = None,
    quiet: options.OnlyFolder = False,
) -> None:
    """Download a corpus from its pinned source, check it, and print its folder. Resumes when interrupted."""
    from erckit.corpora.get_corpus import get_corpus

    print(get_corpus(name, from_dir=source, report=lambda line: say(line, quiet), quiet=quiet))


@app.command("stats")
def stats(name: Name, source: Folder = None, json: Json = None) -> None:
    """Count a corpus, split by split, and compare with the published counts."""
    from erckit.corpora import load_corpus
    from erckit.corpora.checks.corpus_statistics import corpus_statistics

    _show(corpus_statistics(load_corpus(name, folder=source)), json)


@app.command("check")
def check(
    name: Name,
    source: Folder = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME[/SPLIT]",
            help="Look for what is also in this other corpus, and print it as 'leave_out' of a recipe.",
        ),
    ] = None,
    json: Json = None,
) -> None:
    """Look for copies, conflicting labels, gaps, impossible times, empty texts and speakers that splits share."""
    from erckit.corpora import load_corpus

    if against is not None:
        from erckit.corpora.checks.corpora_in_common import find_shared_texts

        other, split = _split_named(against)
        _show(find_shared_texts(load_corpus(name, folder=source), load_corpus(other), split), json)
        return
    from erckit.corpora.checks.check_corpus import check_corpus

    _show(check_corpus(load_corpus(name, folder=source)), json)


@app.command("mappings")
def mappings(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A corpus: count what each mapping moves and leaves out there."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME_OR_FILE", help="Only this label set, or one of a JSON file.")
    ] = None,
    source: Folder = None,
    json: Json = None,
) -> None:
    """Show label sets, what corpus labels become in them, and which merges are doubtful."""
    from erckit.corpora.mappings.mapping_listing import corpus_mappings, known_mappings

    if name is None:
        _show(known_mappings(to), json)
    else:
        from erckit.corpora import load_corpus

        _show(corpus_mappings(load_corpus(name, folder=source), to), json)


def _split_named(name: str) -> tuple[str, str | None]:
    """``meld/dev`` as corpus and split; a path that is there, and a name alone, is a whole corpus."""
    corpus, slash, split = name.rpartition("/")
    if not slash or Path(name).exists():
        return name, None
    from erckit.corpora.known_corpora import is_known_corpus

    return (corpus, split) if is_known_corpus(corpus) or Path(corpus).exists() else (name, None)


def _show(found: Any, json_path: Path | None) -> None:
    """Print a description's lines, and write it as JSON where that is wanted."""
    print("\n".join(found.lines()))
    if json_path is not None:
        import json

        from erckit.storage.atomic import write_text

        write_text(json_path, json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
