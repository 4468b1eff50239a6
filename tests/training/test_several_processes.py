"""Two processes under the environment that ordinary launchers set."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from erckit.model_folder.network_folder import load_pretrained
from erckit.model_folder.tensors import trained_tensors
from erckit.training.run import train

pytestmark = [pytest.mark.process, pytest.mark.trains]

# Five conversations, one per batch: in the last step of an epoch the second process has none. Two speak once each,
# so some batches have no history at all.
TRAINING = {"batch_tokens": 1, "evaluations_per_epoch": 2, "r_drop": 0.1, "epochs": 2}
STILL = {"dropout": 0.0, "head_dropout": 0.0, "gru_dropout": 0.0, "history": {"scope": "conversation"}}


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without distributed training")
def test_two_processes_give_the_weights_of_one_that_accumulates(
    forked_trainings: Callable[..., Any], tiny_recipe: Any, tiny_corpus: Any, talk: Any, tmp_path: Path
) -> None:
    speakers = [("Ana", "Ben")] * 3 + [("Cleo",), ("Dan",)]
    scenes = tuple(talk(i, 1 if i > 2 else 5, speakers=who) for i, who in enumerate(speakers))
    corpus = dataclasses.replace(tiny_corpus, splits={**tiny_corpus.splits, "train": scenes})
    answer = forked_trainings(tiny_recipe(STILL, TRAINING), corpus, tmp_path / "two", task="together", processes=2)
    if "Gloo connectFullMesh failed" in answer["stderr"] or "Operation not permitted" in answer["stderr"]:
        pytest.skip("processes cannot reach each other here")
    assert answer["statuses"] == [0, 0], answer["stderr"]
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    losses = [record["loss"] for record in map(json.loads, lines) if "loss" in record]
    assert len(losses) == 6
    assert all(math.isfinite(loss) for loss in losses)
    alone = train(tiny_recipe(STILL, {**TRAINING, "accumulate": 2}), corpus, tmp_path / "one", quiet=True)
    two, one = (trained_tensors(load_pretrained(f).model) for f in (tmp_path / "two" / "model", alone))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=2e-4, msg=name)


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without distributed training")
def test_two_processes_train_an_llm_like_one_that_accumulates(
    forked_trainings: Callable[..., Any], llm_recipe: Any, ruled_corpus: Any, tmp_path: Path
) -> None:
    """Also with what each process' model says of its own conversations, which the other's prompts may show."""
    corpus = ruled_corpus(5)  # one conversation per batch: in the last step the second process has none
    training = {"batch_tokens": 1, "epochs": 1, "backbone_rate": 1e-3}
    groups = {"model": {"history": {"scope": "all"}}, "lora": {"dropout": 0.0}}
    two = llm_recipe("emonet_llm", **groups, training=training)
    answer = forked_trainings(two, corpus, tmp_path / "two", task="together", processes=2)
    if "Gloo connectFullMesh failed" in answer["stderr"] or "Operation not permitted" in answer["stderr"]:
        pytest.skip("processes cannot reach each other here")
    assert answer["statuses"] == [0, 0], answer["stderr"]
    alone = train(
        llm_recipe("emonet_llm", **groups, training={**training, "accumulate": 2}), corpus, tmp_path / "one", quiet=True
    )
    lines = (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()
    assert len([line for line in lines if "own_share" in json.loads(line)]) == 3
    found, wanted = (load_file(f / "adapter.safetensors") for f in (tmp_path / "two" / "model", alone))
    assert found.keys() == wanted.keys()
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-3, atol=2e-4, msg=name)
