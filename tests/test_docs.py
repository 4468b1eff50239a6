"""What the pages in docs/ tell people to type and to write down exists."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main
from erckit.corpora import CORPORA, corpus_source
from erckit.corpora.mappings import mapping_file as mapping_module
from erckit.corpora.mappings.mappings import find_mapping
from erckit.corpora.own.own_settings import OwnSettings
from erckit.settings import settings_from_dict

DOCS = Path(__file__).resolve().parents[1] / "docs"
GENERATED = {"reference/cli.md", "reference/python.md", "reference/recipe_keys.md"}
# Logs of what was run, in the spelling of its day.
LOGS = {"results/experiments.md", "results/memory_effect.md", "systems/sentemo.md", "systems/prompts.md"}
ALL_PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
PAGES = [page for page in ALL_PAGES if page not in GENERATED | LOGS]
CORPORA_PAGE = (DOCS / "guide" / "corpora.md").read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def _commands(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    lines = [line for block in _blocks(text, "(?:bash)?") for line in block.splitlines()]
    inline = [" ".join(one.split()) for one in re.findall(r"`(erckit [^`]+)`", text)]
    return sorted({line for line in (*lines, *inline) if line.startswith("erckit ")})


@pytest.mark.parametrize("line", sorted({line for page in PAGES for line in _commands(page)}))
def test_commands_and_options_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert words[0] in COMMANDS, line
    path = words[:2] if words[0] in ("backbones", "corpora", "memory") else words[:1]
    assert main([*path, "--help"]) == 0
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out))
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", ALL_PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = DOCS / page
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            linked = path.parent / file if file else path
            assert linked.exists(), f"{page} links to {target}"
            assert not anchor or linked.suffix != ".md" or anchor in _anchors(linked), f"{page} links to {target}"


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", index)}
    assert set(ALL_PAGES) - {"README.md", "server.md", "experiments.md"} <= linked


def test_the_reference_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("reference", DOCS.parent / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for path, text in script.pages().items():
        assert path.read_text(encoding="utf-8") == text, "run: python scripts/reference.py"


def test_the_table_names_every_corpus_with_its_published_sizes() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", CORPORA_PAGE.partition("## Known")[0], flags=re.MULTILINE))
    assert set(rows) == set(CORPORA)
    for name, row in rows.items():
        source = corpus_source(name)
        # Kept by layout where the layouts differ.
        counts = source.published or source.layouts[0].published
        assert counts
        _, licence, conversations, utterances, _ = row.split(" | ")
        assert licence.split()[0] == source.licence.split()[0] or name == "iemocap"
        for shown, key in ((conversations, "conversations"), (utterances, "utterances")):
            if shown[0].isdigit():
                wanted = [counts[split][key] for split in ("train", "dev", "test")]
                assert [int(n.replace(",", "")) for n in shown.split(" / ")] == wanted, name


def test_the_corpus_yaml_is_one() -> None:
    (text,) = [block for block in _blocks(CORPORA_PAGE, "yaml") if "label_column" in block]
    settings = settings_from_dict(OwnSettings, yaml.safe_load(text))
    assert (settings.label_column, settings.splits) == ("feeling", (0.7, 0.15, 0.15))


@pytest.mark.parametrize("where", ["page", "docstring"])
def test_the_mapping_file_is_one(where: str, tmp_path: Path) -> None:
    if where == "page":
        (text,) = _blocks(CORPORA_PAGE, "json")
    else:
        documentation = ast.get_docstring(ast.parse(Path(mapping_module.__file__).read_text(encoding="utf-8")))
        assert documentation is not None
        text = documentation.partition("::")[2].partition("``null``")[0]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(json.loads(text)), encoding="utf-8")
    emory = find_mapping(corpus_source("emorynlp").label_set.labels, path)
    assert (emory.map("joyful"), emory.map("powerful"), emory.doubtful) == ("good", None, {"peaceful"})
    goemotions = find_mapping(corpus_source("goemotions").label_set.labels, path)
    assert (goemotions.map("grief"), goemotions.map("confusion")) == ("bad", None)
