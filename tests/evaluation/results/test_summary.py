"""The printed form of a result."""

from __future__ import annotations

import dataclasses
from typing import Any

from erckit.evaluation import aggregate_results, evaluate_model, format_result, protocol_line


def test_the_protocol_comes_first_and_whole(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "test", draws=20)
    wanted = (
        "toy/test · 20 conversations, 120 utterances · weighted_f1 · selected on dev · seed 1 · causal · "
        "memory: train and earlier test utterances in story order"
    )
    assert protocol_line(result) == wanted
    assert format_result(result).splitlines()[0] == wanted
    offline = dataclasses.replace(result, protocol=dataclasses.replace(result.protocol, causal=False), seeds=())
    assert "not causal" in protocol_line(offline)
    assert "seed unknown" in protocol_line(offline)


def test_the_published_sizes_read_well(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "test", draws=5)
    big = dataclasses.replace(
        result,
        protocol=dataclasses.replace(result.protocol, conversations=85, utterances=1328),
        seeds=(1, 2, 3),
    )
    assert "85 conversations, 1,328 utterances" in protocol_line(big)
    assert "seeds 1, 2, 3" in protocol_line(big)


def test_scores_are_percent_and_columns_line_up(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "test", draws=20)
    lines = format_result(result).splitlines()
    assert any(
        line.startswith("weighted_f1 ") and f"{100 * result.metrics['weighted_f1']:.2f}" in line for line in lines
    )
    start = next(i for i, line in enumerate(lines) if line.startswith("label "))
    assert len({len(line) for line in lines[start : start + 5]}) == 1
    confusion = next(i for i, line in enumerate(lines) if line.startswith("confusion"))
    assert [int(x) for x in lines[confusion + 2].split()[1:]] == list(result.confusion[0])
    shares = [float(line.split()[-1]) for line in lines[start + 1 : start + 5]]
    assert abs(sum(shares) - 100) < 0.05


def test_says_what_spread_and_interval_are_over(corpus: Any, labeler: Any) -> None:
    one = evaluate_model(labeler, corpus, "test", draws=5)
    assert "intervals by bootstrap over conversations" in format_result(one)
    assert "±" not in format_result(one)
    other = evaluate_model(dataclasses.replace(labeler, seed=2), corpus, "test", draws=5)
    both = aggregate_results([one, other], draws=5)
    mean, sd = 100 * both.mean["weighted_f1"], 100 * both.sd["weighted_f1"]
    assert f"{mean:.2f} ± {sd:.2f}" in format_result(both)
    assert "± is the sd over seeds; intervals by bootstrap over conversations" in format_result(both)
