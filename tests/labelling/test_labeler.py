"""The labeler: scores that do not depend on batching or order, abstention, and input that means harm."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erckit.conversation import Conversation, LabelledConversation, Utterance
from erckit.errors import FormatError, ModelFolderError, SettingError
from erckit.labelling import Labeler
from erckit.labelling.find_model import bundled_models, find_model
from erckit.labelling.network_system import NetworkSystem
from erckit.model_folder.network_folder import load_pretrained


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


@pytest.fixture(scope="module")
def conversations(talk: Callable[..., Conversation]) -> list[Conversation]:
    """Of very different lengths; some are longer than the backbone's positions."""
    return [talk(300 + i, n, speakers=("Ana", "Ben", "Waiter")) for i, n in enumerate((1, 40, 3, 9, 2, 25, 6))]


def _scores(labelled: Sequence[LabelledConversation]) -> list[np.ndarray]:
    return [np.array([list(p.scores.values()) for p in one.predictions]) for one in labelled]


def _same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_every_utterance_gets_every_label_score(labeler: Labeler, conversations: list[Conversation]) -> None:
    labelled = labeler.label(conversations)
    assert [one.conversation for one in labelled] == conversations
    for one in labelled:
        for prediction in one.predictions:
            assert tuple(prediction.scores) == labeler.label_set.labels
            assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-9)
            assert all(0 <= score <= 1 for score in prediction.scores.values())
            assert prediction.label == max(prediction.scores, key=prediction.scores.__getitem__)
            assert prediction.calibrated
            assert prediction.reason == ""
    assert len({p.label for one in labelled for p in one.predictions}) > 1


@pytest.mark.parametrize("batch_tokens", [1, 50, 333, 100_000])
def test_scores_do_not_depend_on_the_batch(
    labeler: Labeler, conversations: list[Conversation], batch_tokens: int
) -> None:
    expected = _scores(labeler.label(conversations))
    _same(_scores(labeler.label(conversations, batch_tokens=batch_tokens)), expected)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_scores_do_not_depend_on_order_or_company(labeler, conversations, seed: int) -> None:
    expected = _scores(labeler.label(conversations))
    order = random.Random(seed).sample(range(len(conversations)), k=1 + seed % len(conversations))
    found = _scores(labeler.label([conversations[i] for i in order], batch_tokens=1 + seed))
    _same(found, [expected[i] for i in order])


def test_history_of_all_reaches_other_conversations_in_story_order(labeler: Labeler, talk: Any) -> None:
    early, late = talk(1, 9, story=(1, 1, 1)), talk(2, 9, story=(1, 1, 2))
    alone = _scores(labeler.label([early, late]))
    remembered = _scores(labeler.label([late, early], history="all"))[::-1]
    np.testing.assert_allclose(remembered[0], alone[0], rtol=0, atol=1e-5)  # nothing came before
    assert np.abs(remembered[1] - alone[1]).max() > 1e-3
    _same(_scores(labeler.label([late], history="all", remember=[early])), [remembered[1]])
    _same(_scores(labeler.label([early], history="all", remember=[late])), [alone[0]])  # what comes later is unknown
    _same(_scores(labeler.label([late], remember=[early])), [alone[1]])  # read with history="all" only


def test_generic_speakers_are_not_remembered_elsewhere(labeler: Labeler, talk: Any) -> None:
    early = talk(1, 5, speakers=("Waiter",), story=(1, 1, 1))
    late = talk(2, 5, speakers=("Waiter",), story=(1, 1, 2))
    _same(_scores(labeler.label([early, late], history="all")), _scores(labeler.label([early, late])))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_abstains_below_the_least_confidence(
    trained_folder: Path, conversations: list[Conversation], share: float
) -> None:
    labeler = Labeler(
        NetworkSystem(dataclasses.replace(load_pretrained(trained_folder), temperature=0.5), trained_folder, "fp32")
    )
    plain = [p for one in labeler.label(conversations) for p in one.predictions]
    # Between two confidences, so that float rounding decides nothing.
    ranked = sorted(p.confidence for p in plain)
    cut = round(share * len(ranked))
    threshold = 0.0 if cut == 0 else 1.0 if cut == len(ranked) else (ranked[cut - 1] + ranked[cut]) / 2
    cautious = [p for one in labeler.label(conversations, min_confidence=threshold) for p in one.predictions]
    assert sum(p.label is None for p in cautious) == cut
    for before, after in zip(plain, cautious, strict=True):
        assert after.scores == pytest.approx(before.scores, abs=1e-5)
        if after.label is None:
            assert after.confidence < threshold
            assert f"below {threshold:.2f}" in after.reason
        else:
            assert (after.label, after.reason) == (before.label, "")


def test_temperature_divides_the_logits(trained_folder: Path, conversations: list[Conversation]) -> None:
    pretrained = load_pretrained(trained_folder)
    hot = Labeler(NetworkSystem(dataclasses.replace(pretrained, temperature=4.0), trained_folder, "fp32"))
    plain = Labeler(NetworkSystem(dataclasses.replace(pretrained, temperature=None), trained_folder, "fp32"))
    logits = plain.logits(conversations)
    for temperature, labeler in ((4.0, hot), (1.0, plain)):
        for rows, scores in zip(logits, _scores(labeler.label(conversations)), strict=True):
            powers = np.exp(rows.astype(float) / temperature)
            np.testing.assert_allclose(scores, powers / powers.sum(1, keepdims=True), rtol=0, atol=1e-6)
    assert not plain.label(conversations)[0].predictions[0].calibrated
    assert plain.temperature is None


def test_one_conversation_a_file_and_nothing(
    labeler: Labeler, conversations: list[Conversation], tmp_path: Path
) -> None:
    _same(_scores(labeler.label(conversations[1])), _scores(labeler.label([conversations[1]])))
    assert labeler.label([]) == []
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: hello dog\nBen: red house\n", encoding="utf-8")
    (labelled,) = labeler.label(chat)
    said = Conversation("x", (Utterance("1", "Ana", "hello dog"), Utterance("2", "Ben", "red house")))
    _same(_scores([labelled]), _scores(labeler.label([said])))
    with pytest.raises(FormatError):
        labeler.label(tmp_path / "missing.txt")


def test_a_file_with_a_bad_conversation_is_labelled_with_a_warning(labeler: Labeler, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text('{"id": "a", "utterances": [{"speaker": "Ana", "text": "hello dog"}]}\n{"id": "b"}\n')
    with pytest.warns(UserWarning, match="skipped 1 conversation; the first: it has no list"):
        (labelled,) = labeler.label(path)
    assert labelled.conversation.id == "a"


def test_a_model_of_the_hub_is_a_folder_of_real_files(
    labeler: Labeler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def snapshot(name: str, local_dir: Path, **_: Any) -> str:
        return str(shutil.copytree(labeler.folder, local_dir))

    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    monkeypatch.setattr("erckit.backbones.model_hub.hub_problem", lambda: None)
    folder = find_model("owner/emonet")
    assert tmp_path in folder.parents
    assert Labeler.from_pretrained("owner/emonet", precision="fp32").label_set == labeler.label_set
    # Fetched once, it is there without a network.
    monkeypatch.setattr("erckit.backbones.model_hub.hub_problem", lambda: "no network")
    assert find_model("owner/emonet") == folder
    with pytest.raises(ModelFolderError, match="could not be got from the hub"):
        find_model("owner/other")


def test_values_out_of_range_are_refused(labeler: Labeler, conversations: list[Conversation]) -> None:
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(SettingError, match="between 0 and 1"):
            labeler.label(conversations, min_confidence=bad)
    with pytest.raises(SettingError, match="Did you mean 'conversation'"):
        labeler.label(conversations, history="conversations")
    with pytest.raises(SettingError, match="at least 1"):
        labeler.label(conversations, batch_tokens=0)
    with pytest.raises(SettingError, match="Did you mean 'fp32'"):
        Labeler.from_pretrained(labeler.folder, precision="fp31")


def test_what_it_says_of_itself(labeler: Labeler, tiny_recipe: Any, conversations: list[Conversation]) -> None:
    assert labeler.label_set.labels == ("Calm", "Cross", "Glad")
    assert labeler.causal
    assert labeler.settings["model"]["history"]["scope"] == "all"
    assert labeler.settings["training"]["epochs"] == tiny_recipe().training.epochs
    before = labeler.tokens_processed
    labeler.label(conversations)
    words = sum(len(u.text.split()) for c in conversations for u in c.utterances)
    assert labeler.tokens_processed - before > words
    done: list[int] = []
    labeler.label(conversations, batch_tokens=100, report=done.append)
    assert sum(done) == sum(len(c) for c in conversations)
    assert len(done) > 2


def test_later_utterances_do_not_change_earlier_labels(labeler: Labeler, conversations: list[Conversation]) -> None:
    whole = conversations[1]
    expected = _scores(labeler.label([whole]))[0]
    for said in (1, 13, 39):
        begun = Conversation(whole.id, whole.utterances[:said])
        _same(_scores(labeler.label([begun])), [expected[:said]])


def test_five_thousand_utterances_in_one_conversation(labeler: Labeler, talk: Any) -> None:
    whole = talk(9, 5000, speakers=("Ana", "Ben"), longest=4)
    (labelled,) = labeler.label([whole])
    assert len(labelled.predictions) == 5000
    scores = _scores([labelled])[0]
    assert np.isfinite(scores).all()
    begun = Conversation("c", whole.utterances[:60])
    _same(_scores(labeler.label([begun])), [scores[:60]])


HOSTILE = {
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 😡😡😡",
    "empty": "",
    "spaces": " \t\n ",
    "NUL": "a\x00b\x00",
    "a megabyte": "dog " * 250_000,
    "a megabyte without spaces": "x" * 1_000_000,
    "control tokens": "[CLS] [SEP] [PAD] <s> </s> [MASK]",
    "right to left": "\u202eשלום\u202c عالم",
    "combining": "Z" + "\u0301" * 5000,
    "half a surrogate pair": "broken \ud83d",
    "not a word": "\ufffd\ufeff\u200b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_is_labelled_and_disturbs_no_other(labeler: Labeler, talk: Any, text: str) -> None:
    odd = Conversation("odd", (Utterance("1", text[:3000], text), Utterance("2", "Ana", "hello dog")))
    lone = Conversation("lone", (Utterance("1", "Ana", text),))
    plain = talk(4, 5)
    labelled = labeler.label([odd, plain, lone])
    assert [len(one.predictions) for one in labelled] == [2, 5, 1]
    for scores in _scores(labelled):
        assert np.isfinite(scores).all()
        np.testing.assert_allclose(scores.sum(1), 1)
    _same(_scores(labelled)[1:2], _scores(labeler.label([plain])))


def test_a_lone_speaker_and_a_crowd(labeler: Labeler, talk: Any) -> None:
    for conversation in (talk(5, 30, speakers=("Ana",)), talk(6, 80, speakers=tuple(f"Person {i}" for i in range(70)))):
        (labelled,) = labeler.label([conversation])
        assert len(labelled.predictions) == len(conversation)


def test_conversations_with_the_same_id_are_kept_apart(labeler: Labeler, talk: Any) -> None:
    first, second = talk(7, 4), talk(8, 6)
    twins = [Conversation("same", first.utterances), Conversation("same", second.utterances)]
    _same(_scores(labeler.label(twins)), _scores(labeler.label([first])) + _scores(labeler.label([second])))


def test_odd_meta_is_no_reason_to_stop(labeler: Labeler, talk: Any) -> None:
    said = talk(7, 4).utterances
    odd = [Conversation(str(i), said, {"story": story}) for i, story in enumerate(["s01", 3, [1, None], [2, 1]])]
    expected = _scores(labeler.label([Conversation("x", said)])) * 4
    _same(_scores(labeler.label(odd)), expected)
    assert len(labeler.label(odd, history="all")) == 4


def test_bf16_is_near_fp32(trained_folder: Path, labeler: Labeler, conversations: list[Conversation]) -> None:
    rough = Labeler.from_pretrained(trained_folder, precision="bf16")
    for one, other in zip(_scores(rough.label(conversations)), _scores(labeler.label(conversations)), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=0.05)


def test_models_are_found_by_folder_and_by_training(trained_folder: Path, tmp_path: Path) -> None:
    assert find_model(trained_folder) == trained_folder
    assert find_model(trained_folder.parent) == trained_folder
    for name in bundled_models():
        assert (find_model(name) / "manifest.json").is_file()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFolderError, match=r"no manifest\.json"):
        find_model(tmp_path / "empty")
    with pytest.raises(ModelFolderError, match="neither a folder nor bundled"):
        find_model("emonet-emorynpl")
    # A kill in the instant between two renames leaves the complete folder beside its place.
    shutil.copytree(trained_folder, tmp_path / "m.tmp-999999999")
    assert find_model(tmp_path / "m") == tmp_path / "m"
