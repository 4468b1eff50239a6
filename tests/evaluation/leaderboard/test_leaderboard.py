"""The leaderboard: one protocol per table, best first, published numbers only beside their own protocol."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import ResultError
from erckit.evaluation import Result, aggregate_results, evaluate_model
from erckit.evaluation.leaderboard.leaderboard import build_leaderboard
from erckit.evaluation.results.stored_result import StoredResult, load_results
from erckit.evaluation.run.evaluate import training_costs


@pytest.fixture
def result(corpus: Any, labeler: Any) -> Result:
    return evaluate_model(labeler, corpus, "test", draws=10)


def under(result: Result, name: str, **changes: Any) -> Result:
    """The same numbers, said to be of another protocol."""
    corpus, split = name.split("/")
    protocol = dataclasses.replace(result.protocol, name=name, corpus=corpus, split=split, **changes)
    return dataclasses.replace(result, protocol=protocol)


def stored(result: Result, system: str) -> StoredResult:
    return StoredResult(Path(f"{system}.json"), dataclasses.replace(result, system=system))


def test_tables_are_sorted_and_compared(corpus: Any, labeler: Any) -> None:
    results = [evaluate_model(dataclasses.replace(labeler, seed=s), corpus, "test", draws=10) for s in (1, 2, 3)]
    board = build_leaderboard([stored(r, f"s{n}") for n, r in enumerate(results)])
    (section,) = board.sections
    scores = [row.score for row in section.rows]
    assert scores == sorted((r.metrics["weighted_f1"] for r in results), reverse=True)
    assert all(row.letters for row in section.rows)
    assert "cannot be told apart" in section.notes[0]
    assert section.published == ()
    without = build_leaderboard([stored(r, f"s{n}") for n, r in enumerate(results)], with_groups=False)
    assert {row.letters for row in without.sections[0].rows} == {()}


def test_what_differs_in_the_protocol_never_shares_a_table(result: Result) -> None:
    places = [
        result,
        under(result, "toy/dev"),
        under(result, "toy_aligned/test"),
        under(result, "toy/test", mapping="ekman"),
        under(result, "toy/test", metric="accuracy"),
        under(result, "toy/test", utterances=119),
    ]
    board = build_leaderboard([stored(r, f"s{n}") for n, r in enumerate(places)], with_groups=False)
    assert [len(section.rows) for section in board.sections] == [1] * len(places)
    # What may be remembered is a column, not another table.
    board = build_leaderboard([stored(r, "s") for r in (result, under(result, "toy/test", memory="nothing"))])
    (section,) = board.sections
    assert {row.result.protocol.memory for row in section.rows} == {"nothing", result.protocol.memory}
    assert len({row.name for row in section.rows}) == 2


def test_published_numbers_stand_beside_their_own_protocol_only(result: Result) -> None:
    measured = [
        stored(under(result, "meld/dev", utterances=1109), "a"),
        stored(under(result, "emorynlp/test", utterances=1328), "b"),
        stored(under(result, "dailydialog/test", utterances=7740, metric="micro_f1_no_neutral"), "c"),
    ]
    board = build_leaderboard(measured, with_groups=False)
    for section in board.sections:
        assert {s.protocol for s in section.published} <= {section.protocol}
        assert {s.metric for s in section.published} <= {section.metric}
        assert {row.metric for row in section.rows} <= {section.metric}
    found = {(s.protocol, s.metric): (len(s.rows), len(s.published) > 0) for s in board.sections}
    assert found[("meld/dev", "weighted_f1")] == (1, False)
    assert found[("meld/test", "weighted_f1")] == (0, True)
    assert found[("emorynlp/test", "weighted_f1")] == (1, True)
    assert found[("emorynlp_aligned/test", "weighted_f1")] == (0, True)
    assert found[("dailydialog/test", "micro_f1_no_neutral")] == (1, True)
    assert found[("dailydialog/test", "macro_f1")] == (1, True)
    assert ("iemocap/test", "weighted_f1") not in found  # nobody measured that corpus
    assert {s.system for s in board.unplaced} >= {"KET", "LaERC-S"}
    assert [e.system for e in board.excluded] == ["SentEmoContext"]
    bare = build_leaderboard(measured, with_published=False, with_groups=False)
    assert len(bare.sections) == 3
    assert not any(s.published for s in bare.sections)
    assert (bare.unplaced, bare.excluded) == ((), ())


@pytest.mark.parametrize("changes", [{"utterances": 984}, {"utterances": 1328, "mapping": "ekman"}])
def test_another_size_or_mapping_of_a_split_gets_no_published_numbers(result: Result, changes: Any) -> None:
    board = build_leaderboard([stored(under(result, "emorynlp/test", **changes), "a")])
    (section,) = [s for s in board.sections if s.rows]
    assert section.published == ()


def test_costs_and_speed(corpus: Any, labeler: Any, result: Result) -> None:
    known = dataclasses.replace(
        result, parameters=10, trained_parameters=4, training_seconds=2.0, training_device="CPU", wall_seconds=2.0
    )
    other = evaluate_model(dataclasses.replace(labeler, seed=2), corpus, "test", draws=10)
    other = dataclasses.replace(other, parameters=10, training_seconds=5.0, training_device="CPU", wall_seconds=4.0)
    whole = aggregate_results([known, other], draws=10)
    assert (whole.parameters, whole.training_seconds, whole.training_device) == (10, 3.5, "CPU")
    row = build_leaderboard([stored(whole, "a")]).sections[0].rows[0]
    assert row.utterances_per_second == pytest.approx(2 * 120 / 6)
    assert row.runs == 2
    unknown = dataclasses.replace(other, training_seconds=None)
    assert aggregate_results([known, unknown], draws=10).training_seconds is None


@pytest.mark.parametrize(
    ("model", "cached", "expected"),
    [
        ({"name": "emonet", "sentemo": {"freezes_backbone": True}}, None, False),
        ({"name": "sentemo", "sentemo": {"freezes_backbone": True}}, None, True),
        ({"name": "sentemo", "sentemo": {"freezes_backbone": False}}, None, False),
        ({"name": "emonet_frozen"}, None, True),
        ({"name": "emonet_frozen"}, 0, False),
        ({"name": "emonet"}, 3, True),
    ],
)
def test_no_speed_where_vectors_were_read_from_disk(result: Result, model: Any, cached: Any, expected: bool) -> None:
    timed = dataclasses.replace(result, config={"model": model}, wall_seconds=2.0, cached_texts=cached)
    row = build_leaderboard([stored(timed, "a")]).sections[0].rows[0]
    assert row.reads_cache is expected
    assert (row.utterances_per_second is None) is expected


def test_cached_texts_of_several_seeds_are_added_up(corpus: Any, labeler: Any, result: Result) -> None:
    assert result.cached_texts == 0
    other = dataclasses.replace(
        evaluate_model(dataclasses.replace(labeler, seed=2), corpus, "test", draws=10), cached_texts=5
    )
    assert aggregate_results([result, other], draws=10).cached_texts == 5
    unknown = dataclasses.replace(other, cached_texts=None)
    assert aggregate_results([result, unknown], draws=10).cached_texts is None


def test_the_backbone_is_named_in_words_where_it_is_known(result: Result) -> None:
    plain = dataclasses.replace(result, config={"model": {"backbone": "backbone-goe28"}})
    told = dataclasses.replace(plain, backbone="all-MiniLM-L6-v2, tuned: baseline/goemotions_labels")
    rows = [build_leaderboard([stored(one, "a")]).sections[0].rows[0] for one in (plain, told)]
    assert [row.backbone for row in rows] == ["backbone-goe28", "all-MiniLM-L6-v2, tuned: baseline/goemotions_labels"]


def test_costs_come_from_the_model(labeler: Any) -> None:
    assert training_costs(labeler.about) == {}
    scores = {"training_seconds": 2.5, "dev": {}}
    labeler.more = {"parameters": 10, "trained_parameters": 4, "scores": scores}
    assert training_costs(labeler.about) == {"parameters": 10, "trained_parameters": 4, "training_seconds": 2.5}


def test_a_file_written_before_the_costs_still_loads(result: Result) -> None:
    import json

    data = json.loads(result.to_json())
    for name in ("parameters", "trained_parameters", "training_seconds", "training_device", "cached_texts", "backbone"):
        del data[name]
    old = Result.from_json(json.dumps(data))
    assert (old.parameters, old.training_seconds, old.training_device) == (None, None, "")
    new = dataclasses.replace(old, parameters=7, training_seconds=1.5)
    assert Result.from_json(new.to_json()).parameters == 7


def test_a_large_result_is_written_compactly_and_comes_back(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = result.to_json()
    monkeypatch.setattr("erckit.evaluation.results.result.COMPACT_FROM", 10)
    compact = result.to_json()
    assert len(compact) < 0.8 * len(plain)
    assert Result.from_json(compact) == Result.from_json(plain)


def test_results_are_found_in_folders(result: Result, tmp_path: Path) -> None:
    result.save(tmp_path / "toy-test" / "mine.json")
    result.save(tmp_path / "runs" / "test.json")
    result.save(tmp_path / "runs" / "seed-1" / "test.json")
    (tmp_path / "recipe.json").write_text("{}")
    (tmp_path / "broken.json").write_text("{")
    found = load_results([tmp_path, tmp_path / "runs" / "test.json"])
    assert [(one.path.name, one.name) for one in found] == [("test.json", "fake"), ("mine.json", "mine")]
    names = [row.name for row in build_leaderboard([found[0], found[0]], with_groups=False).sections[0].rows]
    assert names[0].startswith("fake (")
    (tmp_path / "empty").mkdir()
    for place, reason in (("empty", "holds no result"), ("nowhere", "no such file"), ("broken.json", "not a JSON")):
        with pytest.raises(ResultError, match=reason):
            load_results([tmp_path / place])
    with pytest.raises(ResultError, match="no result"):
        build_leaderboard([])
