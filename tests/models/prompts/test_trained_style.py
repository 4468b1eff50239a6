"""A model is asked with the words it was trained with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.models.prompts import PROMPT_STYLES, prompt_style, trained_style
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext

LABELS = LabelSet(("joy", "sadness"))
TALK = Conversation("c", (Utterance("1", "Ana", "one"), Utterance("2", "Ben", "two"), Utterance("3", "Ana", "three")))
SAID = " ".join(f"w{i}" for i in range(20))


def _last(name: str, settings: dict[str, Any]) -> str:
    context = PromptContext(
        LABELS, demonstrations=[(LabelledText(SAID, "joy"),)] * 3, recent=[[], [], [LabelledText("one", "sadness", 0)]]
    )
    prompt = trained_style(name, settings).prompts(TALK, context)[-1]
    return prompt.separate(prompt.questions[-1])


def test_what_records_no_wording_has_the_first() -> None:
    """Word for word what was asked when folders did not record it."""
    end = "Emotion of Ana at the end of the conversation:"
    history = "You tell what people feel in a conversation.\nEmotions: joy, sadness.\nConversation:\n"
    history += 'Ana: "one"\nBen: "two"\nAna: "three"\n'
    assert _last("instruct_erc", {"demonstrations": 1}) == f'{history}Example: "{SAID}" (joy)\n{end}'
    assert _last("emonet_llm", {"biography": False}) == f'{history}Lately Ana said: "one" (sadness)\n{end}'
    for name in ("bios_erc", "laerc_s", "ckerc"):
        assert _last(name, {}) == history + end


@pytest.mark.parametrize("name", sorted(PROMPT_STYLES))
def test_what_is_recorded_counts(name: str) -> None:
    style = prompt_style(name)
    recorded = {"wording": 2}
    assert trained_style(name, recorded).settings == style.settings
    assert trained_style(name, {}).settings.wording == 1
    with pytest.raises(SettingError, match="needs the erckit version that trained it"):
        trained_style(name, {"wording": 3})


def test_a_folder_says_its_wording_and_one_that_does_not_is_asked_as_before(llm_folder: Path, tmp_path: Path) -> None:
    from erckit.labelling import Labeler
    from erckit.storage.manifest import write_manifest

    style = json.loads((llm_folder / "config.json").read_text())["recipe"]["style"]
    assert (style["wording"], style["recent_texts"], style["recent"]) == (2, False, 3)
    scores = {}
    for wording, kept in (("none", ()), ("first", ("wording", "recent_texts")), ("now", tuple(style))):
        folder = tmp_path / wording
        shutil.copytree(llm_folder, folder)
        config = json.loads((folder / "config.json").read_text())
        config["recipe"]["style"] = {key: style[key] for key in kept}
        if wording == "first":
            config["recipe"]["style"] |= {"wording": 1, "recent_texts": True}
        (folder / "config.json").write_text(json.dumps(config))
        write_manifest(folder)
        scores[wording] = Labeler.from_pretrained(folder, precision="fp32").logits([TALK])[0]
    np.testing.assert_array_equal(scores["none"], scores["first"])
    assert np.abs(scores["none"] - scores["now"]).max() > 1e-4
