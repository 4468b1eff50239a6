"""Comparing results: what is refused, what is warned of, and the numbers against the metrics they come from."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erckit.errors import ResultError, SettingError
from erckit.evaluation.comparison.compare import compare_results
from erckit.evaluation.comparison.comparison_text import comparison_latex, comparison_markdown, format_comparison
from erckit.evaluation.comparison.rival_power import rival_power
from erckit.evaluation.results.result import PredictionRow, ProtocolRun, Result
from erckit.evaluation.run.evaluate import conversation_index
from erckit.labels import LabelSet
from erckit.metrics import approximate_randomisation, bootstrap_interval, holm, paired_bootstrap

LABELS = LabelSet(("Glad", "Cross", "Neutral", "Blue"), neutral="Neutral")
CONVERSATIONS, UTTERANCES = 40, 8


def _result(system: str, right: float, seeds: Sequence[int | None] = (1, 2, 3), **protocol: Any) -> Result:
    """Predictions that are right with the given chance; the scores in the file itself are left empty."""
    golds = random.Random(0)
    keys = [
        (f"c{c}", f"c{c}_u{u}", golds.choice(LABELS.labels)) for c in range(CONVERSATIONS) for u in range(UTTERANCES)
    ]
    rows = []
    for seed in seeds:
        rng = random.Random(f"{system} {seed}")
        for conversation, utterance, gold in keys:
            label = gold if rng.random() < right else rng.choice(LABELS.labels)
            rows.append(PredictionRow(conversation, utterance, gold, label, {}, seed))
    run = ProtocolRun("toy/test", "toy", "test", CONVERSATIONS, len(keys), "weighted_f1", "dev", "none", True)
    return Result(
        protocol=dataclasses.replace(run, **protocol),
        system=system,
        label_set=LABELS,
        seeds=tuple(seed for seed in seeds if seed is not None),
        metrics={},
        runs=tuple({"seed": seed} for seed in seeds),
        confusion=(),
        predictions=tuple(rows),
        config={},
        versions={},
        hardware={},
        wall_seconds=0.0,
        tokens_processed=0,
    )


@pytest.fixture(scope="module")
def three() -> list[Result]:
    return [_result("poor", 0.3), _result("good", 0.62), _result("fair", 0.56)]


def _arrays(result: Result) -> tuple[np.ndarray, np.ndarray, list[int]]:
    count = CONVERSATIONS * UTTERANCES
    gold = np.array([LABELS.index(row.gold) for row in result.predictions[:count]])
    predicted = np.array([LABELS.index(row.label) for row in result.predictions]).reshape(-1, count)
    return gold, predicted, conversation_index(result.predictions[:count])


def test_numbers_are_those_of_the_metrics(three: list[Result]) -> None:
    found = compare_results(three, draws=400)
    assert [system.name for system in found.systems] == ["good", "fair", "poor"]
    gold, good, groups = _arrays(three[1])
    scores = [f1_score(gold, run, average="weighted") for run in good]
    best = found.systems[0]
    assert (best.score, best.sd) == pytest.approx((np.mean(scores), np.std(scores, ddof=1)))
    assert (best.low, best.high) == pytest.approx(bootstrap_interval(gold, good, groups, "weighted_f1", draws=400))

    assert [(pair.first, pair.second) for pair in found.pairs] == [("good", "fair"), ("good", "poor"), ("fair", "poor")]
    by_name = {result.system: _arrays(result)[1] for result in three}
    swaps = []
    for pair in found.pairs:
        args = (gold, by_name[pair.first], by_name[pair.second], groups, "weighted_f1", 400)
        boot = paired_bootstrap(*args)
        assert (pair.difference, pair.low, pair.high) == pytest.approx((boot.difference, boot.low, boot.high))
        assert (pair.p_bootstrap, pair.standard_error) == pytest.approx((boot.p_value, boot.standard_error))
        assert pair.smallest_difference == pytest.approx(2.8016 * boot.standard_error, rel=1e-4)
        assert pair.smallest_difference_holm > pair.smallest_difference
        swaps.append(approximate_randomisation(*args, same_seeds=True))
    assert [pair.p_randomisation for pair in found.pairs] == swaps
    assert [pair.p_holm for pair in found.pairs] == pytest.approx(holm(swaps))


def test_verdicts_and_groups(three: list[Result]) -> None:
    found = compare_results(three)
    assert [pair.verdict for pair in found.pairs] == ["not told apart", "better", "better"]
    assert found.groups == {"a": ("good", "fair"), "b": ("poor",)}
    assert [system.letters for system in found.systems] == [("a",), ("a",), ("b",)]
    assert found.warnings[-1].startswith("1 of 3 differences is smaller than this test set can show")


def test_order_of_utterances_and_seeds_does_not_matter(three: list[Result]) -> None:
    rows = list(three[2].predictions)
    random.Random(1).shuffle(rows)
    shuffled = dataclasses.replace(three[2], predictions=tuple(rows))
    mixed = dataclasses.replace(shuffled, label_set=LabelSet(tuple(reversed(LABELS.labels)), neutral="Neutral"))
    assert compare_results([three[1], mixed], draws=100) == compare_results([three[1], three[2]], draws=100)


def test_baseline_and_chosen_pairs(three: list[Result]) -> None:
    against = compare_results(three, draws=200, baseline="fair")
    assert [(p.first, p.second) for p in against.pairs] == [("good", "fair"), ("poor", "fair")]
    assert against.pairs[1].verdict == "worse"
    assert (against.groups, against.baseline) == ({}, "fair")
    chosen = compare_results(three, draws=200, pairs=[(0, 1)])
    assert [(p.first, p.second, p.verdict) for p in chosen.pairs] == [("poor", "good", "worse")]
    with pytest.raises(SettingError, match="Did you mean 'fair'"):
        compare_results(three, baseline="far")
    with pytest.raises(SettingError, match="two different results of 3, by position"):
        compare_results(three, pairs=[(0, 3)])
    with pytest.raises(SettingError, match="not both"):
        compare_results(three, pairs=[(0, 1)], baseline="fair")


def _changed(result: Result, place: int, **values: Any) -> Result:
    rows = list(result.predictions)
    rows[place] = dataclasses.replace(rows[place], **values)
    return dataclasses.replace(result, predictions=tuple(rows))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: _result("b", 0.5, split="dev", name="toy/dev"), "a has the split 'test', b has 'dev'"),
        (lambda r: _result("b", 0.5, corpus="other"), "a has the corpus 'toy', b has 'other'"),
        (lambda r: _result("b", 0.5, mapping="ekman"), "a has the mapping '', b has 'ekman'"),
        (lambda r: _result("b", 0.5, metric="accuracy"), "weighted_f1, b by accuracy.*--metric"),
        (lambda r: dataclasses.replace(r, label_set=LabelSet(("Glad", "Mad"))), "b Glad, Mad"),
        (lambda r: dataclasses.replace(r, label_set=LabelSet(LABELS.labels)), "neutral: None"),
        (
            lambda r: dataclasses.replace(r, predictions=r.predictions[:-1]),
            "b lacks 1 of them.* c39/c39_u7",
        ),
        (lambda r: dataclasses.replace(r, predictions=()), "b: holds no predictions"),
        (lambda r: _changed(r, 3, gold="Blue"), "1 gold labels differ: c0/c0_u3 is '.*' in a and 'Blue' in b"),
        (lambda r: _changed(r, 3, label="Bleu"), "b: label 'Bleu' is not in its label set"),
        (lambda r: _changed(r, 3, utterance="c0_u4"), "c0/c0_u4 is predicted twice for seed 1"),
        (lambda r: _changed(r, 3, utterance="c0_u9"), "lacks 1 of them, for instance c0/c0_u3"),
    ],
)
def test_results_that_measure_different_things_are_refused(change: Callable[[Result], Result], said: str) -> None:
    a, b = _result("a", 0.5), _result("b", 0.5)
    if b.predictions[3].gold == "Blue":  # the change of the gold label must be one
        pytest.fail("choose another utterance")
    with pytest.raises(ResultError, match=said):
        compare_results([a, change(b)])


def test_other_wrong_input(three: list[Result]) -> None:
    with pytest.raises(ResultError, match="at least two"):
        compare_results(three[:1])
    with pytest.raises(SettingError, match="Did you mean 'accuracy'"):
        compare_results(three, "acuracy")
    with pytest.raises(SettingError, match="alpha"):
        compare_results(three, alpha=5)
    with pytest.raises(SettingError, match="name of its own"):
        compare_results(three, names=["a", "b", "a"])
    with pytest.raises(SettingError, match="use at least 60"):
        compare_results(three, draws=59)
    assert compare_results([three[0]] * 2, draws=100).systems[0].name == "poor (1)"


def test_single_runs_are_named_as_such() -> None:
    one, other, many = _result("one", 0.7, [4]), _result("other", 0.4, [None]), _result("many", 0.3)
    found = compare_results([one, other, many])
    assert {pair.verdict for pair in found.pairs[:2]} == {"better, single run"}
    assert all(pair.p_seeds is None for pair in found.pairs)
    text = format_comparison(found)
    assert "one, other are single runs" in text
    spread = 100 * next(s.sd for s in found.systems if s.name == "many")
    assert f"(sd {spread:.2f})" in text
    assert "many: fewer than 5 seeds" in text
    assert "the spread over seeds is not known" in compare_results([one, other]).warnings[0]


def test_a_difference_within_the_spread_of_seeds_is_not_called_better() -> None:
    wild = _result("wild", 0.5, [1, 2, 3])
    lucky = _result("wild", 0.98, [2]).predictions
    count = CONVERSATIONS * UTTERANCES
    rows = wild.predictions[:count] + lucky + wild.predictions[2 * count :]
    wild = dataclasses.replace(wild, predictions=rows)
    pair = compare_results([wild, _result("calm", 0.5, [1, 2, 3])]).pairs[0]
    assert (pair.first, pair.significant, pair.verdict) == ("wild", True, "better, not beyond seeds")
    assert pair.p_seeds is not None
    assert pair.p_seeds > 0.05 > pair.p_holm
    assert pair.seeds_high - pair.seeds_low > 2 * (pair.high - pair.low)


def test_a_baseline_that_draws_nothing_needs_no_seeds(three: list[Result]) -> None:
    fixed = dataclasses.replace(_result("baseline/majority", 0.1, [1]), config={"name": "baseline/majority"})
    found = compare_results([three[1], fixed])
    assert found.pairs[0].p_seeds is not None
    assert found.pairs[0].verdict == "better"
    assert "single run" not in format_comparison(found)
    chance = dataclasses.replace(fixed, system="baseline/chance", config={"name": "baseline/chance"})
    assert compare_results([three[1], chance]).pairs[0].p_seeds is None


def test_unlike_conditions_are_told(three: list[Result]) -> None:
    other = _result("other", 0.5, memory="train", causal=False, selection="test", corpus_version="2")
    found = compare_results([three[0], other], "accuracy", draws=100)
    text = " ".join(format_comparison(found).split())
    for said in (
        "What could be remembered differs",
        "none: poor; train: other",
        "later utterances too: other",
        "other was chosen on the split it is scored on; its score is too high",
        "The corpus versions differ",
        "accuracy is compared; the metric of this protocol is weighted_f1",
    ):
        assert said in text
    line = text.partition(" system ")[0]
    assert "toy/test · 40 conversations, 320 utterances · accuracy · seeds 1–3" in line
    assert "memory" not in line


def test_nothing_to_select_is_no_unlike_condition(three: list[Result]) -> None:
    foreign = _result("hf-other", 0.3, [None], selection="nothing")
    text = " ".join(format_comparison(compare_results([three[0], foreign], draws=100)).split())
    assert "settings were chosen on differs" not in text
    # A model that nobody trained here has no seeds to vary.
    assert "single run" not in text
    assert compare_results([three[0], foreign], draws=100).pairs[0].p_seeds is not None


def test_all_who_were_chosen_on_the_scored_split_are_named(three: list[Result]) -> None:
    here = [dataclasses.replace(r, protocol=dataclasses.replace(r.protocol, selection="test")) for r in three[:2]]
    text = " ".join(format_comparison(compare_results(here, draws=100)).split())
    assert "poor, good were chosen on the split they are scored on; their scores are too high" in text


def test_copies_and_too_few_conversations(three: list[Result]) -> None:
    copy = dataclasses.replace(three[0], system="copy")
    assert "poor and copy hold the same predictions." in compare_results([three[0], copy], draws=100).warnings
    few = [
        dataclasses.replace(r, predictions=tuple(p for p in r.predictions if p.conversation in ("c0", "c1", "c2")))
        for r in three[:2]
    ]
    assert "With 3 conversations no difference can become significant." in compare_results(few, draws=100).warnings


def test_more_draws_for_a_larger_table() -> None:
    many = [_result(f"s{i}", 0.5, [1]) for i in range(12)]
    assert compare_results(many).draws == 2640


def test_json_and_tables(three: list[Result], tmp_path: Path) -> None:
    named = ["a|b", "50%_&", "<i>"]
    found = compare_results(three, draws=100, names=named)
    read = json.loads(found.save(tmp_path / "c.json").read_text(encoding="utf-8"))
    assert read["pairs"][0]["p_holm"] == found.pairs[0].p_holm
    assert read["groups"] == {"a": ["50%_&", "<i>"], "b": ["a|b"]}
    markdown = comparison_markdown(found)
    assert markdown.startswith("toy/test · 40 conversations")
    assert "| a\\|b | 1–3 |" in markdown
    assert "| &lt;i> |" in markdown
    latex = comparison_latex(found)
    assert r"50\%\_\& & 1--3 & " in latex
    assert latex.count(r"\caption{toy/test") == latex.count(r"\end{table}") == 2
    for row in latex.splitlines():
        if row.endswith(r"\\"):
            assert row.replace(r"\&", "").count("&") in (4, 9)


def test_what_one_result_can_show(three: list[Result]) -> None:
    power = rival_power(three[1])
    pair = next(p for p in compare_results(three, draws=500).pairs if (p.first, p.second) == ("good", "fair"))
    # Single runs are told apart less well than means over three seeds, and not worse than three seeds allow.
    assert pair.smallest_difference < power.smallest_difference < 2.5 * pair.smallest_difference
    assert rival_power(three[1], agreement=0.95).smallest_difference < power.smallest_difference
    with pytest.raises(SettingError, match="Did you mean 'accuracy'"):
        rival_power(three[1], "acuracy")
