"""Ablations: every row once, resumed row by row and seed by seed, and compared as two plain results are."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import f1_score

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import ErckitError, ResultError, SettingError
from erckit.evaluation import aggregate_results, evaluate_model
from erckit.evaluation.ablation import ablation as running
from erckit.evaluation.ablation.ablation import run_ablation
from erckit.evaluation.ablation.ablation_plan import AblationPlan, load_ablation
from erckit.evaluation.ablation.ablation_result import Ablation
from erckit.evaluation.ablation.ablation_table import latex_table, markdown_table
from erckit.evaluation.comparison.compare import compare_results
from erckit.evaluation.results.result import Result

PLAN = """
title: Parts & pieces
recipe: emonet/emorynlp
rows:
  - name: plain
    about: As it is.
  - name: "+ file | order"
    about: File order.
    from: plain
    set: {model.history.order: file}
  - name: 100 % better
    about: More often right.
    from: "+ file | order"
    set: {training.epochs: 9}
  - name: plain again
    about: Nothing new.
    from: plain
    set: {model.history.order: story}
"""
SKILL = {"plain": 0.2, "file-order": 0.25, "100-better": 0.95}


class Killed(BaseException):
    """As if the process had been killed."""


@pytest.fixture
def plan(tmp_path: Path) -> AblationPlan:
    (tmp_path / "plan.yaml").write_text(PLAN)
    return load_ablation(tmp_path / "plan.yaml")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, corpus: Any, labeler: Any) -> list[tuple[str, int]]:
    """Stands in for ``evaluate_recipe``; lists what was trained, and is killed at ``("kill", n)`` trainings."""
    done: list[tuple[str, int]] = []

    def one(recipe: Any, split: str, seed: int) -> Result:
        """A labeler that is right with the row's chance."""

        class Skilled(type(labeler)):  # type: ignore[misc]
            def label(self, conversations: Any, **options: Any) -> list[LabelledConversation]:
                rng = random.Random(f"{recipe.name}{seed}")
                return [LabelledConversation(c, self._predict(c, rng)) for c in conversations]

            def _predict(self, conversation: Conversation, rng: random.Random) -> tuple[Prediction, ...]:
                found = []
                for u in conversation.utterances:
                    top = u.label if u.label and rng.random() < SKILL[recipe.name] else rng.choice("Glad Cross".split())
                    scores = {label: 0.7 if label == top else 0.1 for label in self.label_set.labels}
                    found.append(Prediction(u.id, top, scores, calibrated=True))
                return tuple(found)

        return evaluate_model(Skilled(seed=seed, scope=recipe.model.history.scope), corpus, split, draws=100)

    def evaluate_recipe(
        recipe: Any, given: Any, split: str, seeds: Any, out: Path, draws: int, quiet: bool, before_seed: Any
    ) -> Result:
        assert given is corpus
        assert out.name == recipe.name
        results = []
        for seed in seeds:
            path = out / f"seed-{seed}" / f"{split}.json"
            if not path.exists():
                if before_seed is not None:
                    before_seed(seed)
                if done[:1] == [("kill", len(done) - 1)]:
                    raise Killed
                done.append((recipe.name, seed))
                one(recipe, split, seed).save(path)
            results.append(Result.load(path))
        return aggregate_results(results, draws=100)

    monkeypatch.setattr(running, "evaluate_recipe", evaluate_recipe)
    return done


def test_every_recipe_once_and_what_is_written(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    tables: list[Ablation] = []
    lines: list[str] = []
    found = run_ablation(
        plan, corpus, "test", [1, 2], tmp_path / "out", draws=400, report=lines.append, after_row=tables.append
    )
    assert trained == [(row, seed) for row in ("plain", "file-order", "100-better") for seed in (1, 2)]
    assert [sum(o.result is not None for o in table.outcomes) for table in tables] == [2, 3, 4, 4]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_file()) == [
        "ablation.json", "ablation.md", "ablation.tex",
    ]  # fmt: skip
    assert (tmp_path / "out" / "ablation.md").read_text() == markdown_table(found)
    assert (tmp_path / "out" / "ablation.tex").read_text() == latex_table(found)
    assert lines[0] == "row 1 of 3 (plain), seed 1 of 2; 6 runs to go, time left: not known yet"
    assert re.fullmatch(r"row 2 of 3 \(\+ file \| order\), seed 2 of 2; 3 runs to go, about \d+ s left", lines[3])
    assert len(lines) == 6


def test_differences_are_those_of_the_rows(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    ablation = run_ablation(plan, corpus, "test", [1, 2, 3], tmp_path, draws=400)
    score = {}
    for outcome in ablation.outcomes:
        runs = [[r for r in outcome.result.predictions if r.seed == seed] for seed in (1, 2, 3)]
        values = [f1_score([r.gold for r in run], [r.label for r in run], average="weighted") for run in runs]
        score[outcome.row.name] = sum(values) / 3
    plain, order, better, again = ablation.outcomes
    assert (plain.to_previous, plain.to_base) == (None, None)
    assert order.to_previous == order.to_base
    assert order.to_base.difference == pytest.approx(score["+ file | order"] - score["plain"])
    assert better.to_previous.second == "+ file | order"
    assert better.to_previous.difference == pytest.approx(score["100 % better"] - score["+ file | order"])
    assert better.to_base.difference == pytest.approx(score["100 % better"] - score["plain"])
    assert better.is_told_apart(better.to_base)
    assert not order.is_told_apart(order.to_base)
    assert (again.same_as, again.to_previous, again.to_base) == ("plain", None, None)
    assert again.result is plain.result
    # three different comparisons, although four cells of the table hold one
    assert len(ablation.comparison.pairs) == 3
    pair = compare_results([better.result, order.result], draws=400, pairs=[(0, 1)]).pairs[0]
    assert better.to_previous.p_randomisation == pytest.approx(pair.p_randomisation)
    assert better.to_previous.p_holm == pytest.approx(3 * pair.p_randomisation)
    data = json.loads(ablation.to_json())
    assert [row["folder"] for row in data["rows"]] == ["plain", "file-order", "100-better", "plain-again"]
    assert data["rows"][2]["metrics"]["weighted_f1"]["mean"] == pytest.approx(score["100 % better"])
    assert data["rows"][2]["to_base"]["difference"] == pytest.approx(better.to_base.difference)
    assert len(data["rows"][2]["metrics"]["accuracy"]["by_seed"]) == 3
    assert data["protocol_line"] in (tmp_path / "ablation.md").read_text()
    assert "secret" not in json.dumps(data)


def test_killed_at_any_training_the_same_call_goes_on(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    whole = run_ablation(plan, corpus, "test", [1, 2], tmp_path / "whole", draws=20)
    everything = list(trained)
    for at in (0, 1, 3, 4):
        trained[:] = [("kill", at)]
        with pytest.raises(Killed):
            run_ablation(plan, corpus, "test", [1, 2], tmp_path / f"{at}", draws=20)
        assert (tmp_path / f"{at}" / "ablation.json").exists() == (at >= 2)  # a row has two runs
        del trained[0]
        found = run_ablation(plan, corpus, "test", [1, 2], tmp_path / f"{at}", draws=20)
        assert trained == everything

        def measured(table: Ablation) -> list[Any]:
            return [(o.row.name, o.result.metrics, o.to_base) for o in table.outcomes]

        assert measured(found) == measured(whole)


def test_chosen_rows_and_those_that_others_finished(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    first = run_ablation(plan, corpus, "test", [1], tmp_path, rows=["3"], draws=100)
    assert trained == [("100-better", 1)]
    assert [o.result is not None for o in first.outcomes] == [False, False, True, False]
    assert first.comparison is None
    assert "Not run yet, so p-values will still rise: plain, + file | order, plain again." in markdown_table(first)
    second = run_ablation(plan, corpus, "test", [1], tmp_path, rows=["plain again"], draws=100)
    assert trained == [("100-better", 1), ("plain", 1)]  # trained as the first row of its recipe
    assert [o.result is not None for o in second.outcomes] == [True, False, True, True]
    assert second.outcomes[2].to_previous is None
    assert second.outcomes[2].to_base.difference > 0.3
    # with another seed the row of one seed is not finished
    third = run_ablation(plan, corpus, "test", [1, 2], tmp_path, rows=["plain"], draws=100)
    assert [o.result is not None for o in third.outcomes] == [True, False, False, True]


def test_mistakes_are_told_before_anything_is_trained(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Did you mean 'file-order'"):
        run_ablation(plan, corpus, "test", [1], tmp_path, rows=["plain", "file-ordre"])
    for seeds in ([], [2, 2]):
        with pytest.raises(SettingError, match="distinct"):
            run_ablation(plan, corpus, "test", seeds, tmp_path)
    with pytest.raises(ResultError, match="no row of the ablation"):
        Ablation(plan, ()).protocol_line()
    assert trained == []


def test_markdown(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    ablation = run_ablation(plan, corpus, "test", [1, 2], tmp_path, draws=400)
    text = markdown_table(ablation)
    assert text.index("toy/test · 20 conversations, 120 utterances · weighted_f1") < text.index("| row |")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    assert {len(row) for row in cells} == {8}
    result, pair = ablation.outcomes[2].result, ablation.outcomes[2].to_previous
    assert cells[4][0] == "100 % better"
    assert cells[4][1] == f"{100 * result.mean['weighted_f1']:.2f} ± {100 * result.sd['weighted_f1']:.2f}"
    assert cells[4][3] == f"{100 * pair.difference:+.2f}*"
    assert cells[4][7] == f"{100 * result.mean['accuracy']:.2f} ± {100 * result.sd['accuracy']:.2f}"
    assert cells[3][0] == "+ file \\| order"
    assert cells[5][3:7] == ["same", "–", "same", "–"]
    assert "80 % power" in text
    assert "3 comparisons" in text


def test_what_differs_by_row_is_told_at_the_row(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    ablation = run_ablation(plan, corpus, "test", [1], tmp_path, draws=400)
    first = ablation.outcomes[0]
    assert f"memory: {first.result.protocol.memory}" in ablation.protocol_line()
    other = dataclasses.replace(first.result.protocol, memory="nothing", causal=False)
    changed = dataclasses.replace(first, result=dataclasses.replace(first.result, protocol=other))
    mixed = dataclasses.replace(ablation, outcomes=(changed, *ablation.outcomes[1:]))
    text = markdown_table(mixed)
    assert "memory: differs by row · rows that see later utterances are marked" in text
    assert "| plain (sees later utterances) |" in text
    assert "Memory: nothing." in text


def test_latex(plan: Any, corpus: Any, trained: Any, tmp_path: Path) -> None:
    text = latex_table(run_ablation(plan, corpus, "test", [1, 2], tmp_path, draws=400))
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert len(body) == 4
    for line in body:
        assert line.endswith(" \\\\")
        assert len(re.findall(r"(?<!\\)&", line)) == 7
    assert body[2].startswith("100 \\% better & ")
    assert re.search(r"& \$\+\d+\.\d\d\$\$\^\{\*\}\$ &", body[2])
    caption = text.split("\\caption{")[1].split("\\begin{tabular}")[0]
    assert "Parts \\& pieces" in caption
    assert "weighted\\_f1" in caption
    assert not re.search(r"(?<!\\)[%&_#~^<>±–·]", re.sub(r"\$[^$]*\$", "", caption))
    assert text.count("{") == text.count("}")


@pytest.fixture
def small(tiny_backbone: Callable[[str], Path], tmp_path: Path) -> AblationPlan:
    """Two recipes on a tiny random encoder; the second row repeats the first."""
    text = f"""
recipe:
  corpus: tiny
  model: {{backbone: '{tiny_backbone("bert")}', speaker: {{min_utterances: 2}}}}
  training: {{epochs: 1, batch_tokens: 96, precision: fp32}}
rows:
  - name: full
  - name: the same
    from: full
    set: {{model.history.window: 11}}
  - name: no history
    from: full
    set: {{model.history.scope: none}}
"""
    (tmp_path / "small.yaml").write_text(text)
    return load_ablation(tmp_path / "small.yaml")


@pytest.mark.trains
def test_with_real_trainings(small: AblationPlan, tiny_corpus: Any, tmp_path: Path) -> None:
    found = run_ablation(small, tiny_corpus, "test", [1, 2], tmp_path / "out", draws=100, quiet=True)
    full, same, none = found.outcomes
    assert same.same_as == "full"
    assert {p.name for p in (tmp_path / "out").iterdir() if p.is_dir()} == {"full", "no-history"}
    for outcome in (full, none):
        folder = tmp_path / "out" / outcome.row.slug
        assert Result.load(folder / "test.json").to_json() == outcome.result.to_json()
        config = json.loads((folder / "seed-2" / "model" / "config.json").read_text())
        assert config["model"]["history"]["scope"] == outcome.row.recipe.model.history.scope
        assert config["recipe"]["training"]["seed"] == 2
        assert outcome.result.system == outcome.row.slug
    assert none.result.protocol.memory != full.result.protocol.memory
    assert none.to_base.difference == pytest.approx(
        none.result.metrics["weighted_f1"] - full.result.metrics["weighted_f1"]
    )
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("seed-*/**/*") if p.is_file()}
    again = run_ablation(small, tiny_corpus, "test", [1, 2], tmp_path / "out", draws=100, quiet=True)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("seed-*/**/*") if p.is_file()} == before
    assert again.to_json() == found.to_json()
    other = dataclasses.replace(small, rows=(dataclasses.replace(small.rows[2], slug="full"),))
    with pytest.raises(ErckitError, match=r"holds runs of other settings .*scope"):
        run_ablation(other, tiny_corpus, "test", [1, 2], tmp_path / "out", draws=100, quiet=True)
