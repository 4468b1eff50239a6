"""Published numbers: complete, placed under the right protocol, and nothing guessed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from erckit.evaluation.results.published import excluded_scores, published_scores, published_splits
from erckit.metrics import METRICS

SCORES = published_scores()


def find(system: str, protocol: str | None, metric: str = "weighted_f1") -> float:
    (found,) = [s for s in SCORES if (s.system, s.protocol, s.metric) == (system, protocol, metric)]
    return round(100 * found.value, 2)


def test_every_entry_is_well_formed() -> None:
    assert len(SCORES) > 150
    assert len({(s.system, s.corpus, s.protocol, s.metric) for s in SCORES}) == len(SCORES)
    for s in SCORES:
        assert s.metric in METRICS
        assert 0.2 < s.value < 0.8
        assert s.source in {"paper", "readme", "paper or readme", "second-hand"}
        assert s.selection in {"dev", "test", "unknown"}
        assert s.causal in {"yes", "no", "unknown"}
        assert s.modality in {"text", "multimodal", "unknown"}
        assert s.seeds == "unknown" or s.seeds.isdigit()
        assert re.fullmatch(r"20\d\d(–\d\d)?", s.year)
        # Either a protocol or the reason why there is none.
        assert bool(s.protocol) != bool(s.unplaced)
        assert s.protocol is None or s.protocol in published_splits()


def test_numbers_that_everybody_quotes() -> None:
    assert find("EmoNet", "emorynlp/test") == 39.18
    assert find("CoMPM", "emorynlp/test") == 37.37
    assert find("CoMPM", "dailydialog/test", "micro_f1_no_neutral") == 60.34
    assert find("CoMPM", "dailydialog/test", "macro_f1") == 53.15
    assert find("COSMIC", "emorynlp_aligned/test") == 38.11
    assert find("InstructERC", "emorynlp_aligned/test") == 41.37
    assert find("LaERC-S", None) == 42.08
    (qwen,) = [s for s in SCORES if s.system.startswith("Qwen-7B")]
    assert (round(100 * (qwen.sd or 0), 2), qwen.seeds) == (0.41, "8")


def test_the_two_versions_of_emorynlp_hold_different_systems() -> None:
    official = {s.system for s in SCORES if s.protocol == "emorynlp/test"}
    aligned = {s.system for s in SCORES if s.protocol == "emorynlp_aligned/test"}
    assert {"EmoNet", "CoMPM", "DialogXL", "SPCL", "TUCORE-GCN (RoBERTa)"} <= official
    assert {"COSMIC", "HiTrans", "SKAIG", "InstructERC", "BiosERC (13B)"} <= aligned
    assert not official & aligned


def test_selection_on_test_and_future_context_are_marked() -> None:
    on_test = {s.system for s in SCORES if s.selection == "test"}
    assert {"InstructERC", "CauAIN", "SpeechCueLLM", "LSDGNN+ICL"} <= on_test
    assert not on_test & {"CoMPM", "EmoNet", "DialogXL", "SPCL", "BiosERC (7B)"}
    assert {s.causal for s in SCORES if s.system.startswith("BiosERC")} == {"no"}
    assert {s.modality for s in SCORES if s.system in ("M2FNet", "UniMSE", "DialogueMMT")} == {"multimodal"}


def test_what_is_no_classification_score_stands_in_no_table() -> None:
    assert not [s for s in SCORES if s.system == "SentEmoContext"]
    (one,) = excluded_scores()
    assert one.system == "SentEmoContext"
    assert "coin flip" in one.reason


def test_every_value_stands_in_the_research_notes() -> None:
    notes = Path(__file__).resolve().parents[4] / "shared" / "research" / "systems.md"
    if not notes.is_file():
        pytest.skip("needs the research notes, which are not part of the repository")
    text = notes.read_text(encoding="utf-8")
    printed = {round(float(number), 2) for number in re.findall(r"\d+\.\d+|\d+", text)}
    assert [s for s in SCORES if round(100 * s.value, 2) not in printed] == []
