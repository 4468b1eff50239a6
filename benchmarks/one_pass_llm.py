"""Causal language model: one pass over a conversation against a separate prompt for every utterance.

Run from the repository root: python benchmarks/one_pass_llm.py [--corpus-folder DIR] [--out FILE] [--tokens-only]

Both sides ask the same model the same questions about the same EmoryNLP conversations, with the same history, labels
and precision, on the same threads, one after the other. The first prompt is the one InstructERC uses, put history
first and question last: instruction with the label list, every utterance so far with its speaker, a short question.
Under "recipes" stand the prompts that shipped recipes write. Their questions are longer, and what a question holds
(speaker, demonstration, recent utterances) is read once per utterance on both sides, so their ratios are smaller.
Labels are read off the question's last token (one token stands for each label), so no side pays for answers. Separate
prompts are batched as well as they can be: sorted by length over all conversations, so that padding is small, and
attended with the plain causal kernel. Training is LoRA on the attention projections as published, with the same loss
on both sides.

Tokens are counted over the whole test split, without running the model. A system that shows emotions of earlier
utterances reads every conversation twice; both readings are counted, with gold labels in place of the model's own.
Biographies that stand in the history are in the separate prompts too, all of them. Speed is measured on a few
conversations, taken at even steps of length (with two: at the first and the third quartile; with one: the median),
with the first prompt and with the plain recipe's. With --tokens-only the counts alone are renewed in a result file
that exists. Seconds are the process' own processor seconds, since other work on the machine would enter wall-clock
time; with more than one thread they are wall-clock seconds. The score difference is the largest one between
log-likelihoods of labels.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from erckit.causal.causal_lm import DEFAULT_CAUSAL_LM, CausalLM, load_causal_lm
from erckit.causal.prompt_packing import TokenizedPrompt, asked_alone, pack_prompts
from erckit.causal.prompt_segments import Room
from erckit.conversation import Conversation
from erckit.corpora import Corpus, load_corpus
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.scoring.label_likelihood import label_scores, prompt_batches, score_prompts
from erckit.prompting.scoring.tokenize_prompt import LabelTokens, label_tokens, tokenize_prompt
from erckit.recipe.load_recipe import load_recipe
from erckit.recipe.prompt_builder import llm_builder
from erckit.storage.atomic import write_text

ROOM = Room(max_tokens=1024, left_context=512)
PLAIN = "instruct_erc/emorynlp_plain"
# What the result calls them: recipe, changed values.
RECIPES: dict[str, tuple[str, tuple[str, ...]]] = {
    PLAIN: (PLAIN, ()),
    "instruct_erc/emorynlp (with a demonstration)": ("instruct_erc/emorynlp", ()),
    "emonet_llm/emorynlp without biography": ("emonet_llm/emorynlp", ("style.biography=false",)),
    "emonet_llm/emorynlp": ("emonet_llm/emorynlp", ()),
    "bios_erc/emorynlp": ("bios_erc/emorynlp", ()),
}


def conversation_prompt(conversation: Conversation, labels: Sequence[str]) -> ConversationPrompt:
    """The prompt of every utterance of a conversation."""
    opening = (
        "You are an expert of sentiment and emotional analysis. Several speakers take part in the following "
        f"conversation. Select the emotional label of an utterance from <{', '.join(labels)}>.\n"
    )
    blocks = tuple(f'{utterance.speaker}: "{utterance.text}"\n' for utterance in conversation.utterances)
    questions = tuple(Question(u + 1, "Emotion of the last utterance?") for u in range(len(blocks)))
    return ConversationPrompt(opening, blocks, questions)


def token_counts(lm: CausalLM, prompts: Sequence[TokenizedPrompt]) -> tuple[int, int]:
    """Tokens of both sides, padding left out."""
    one = sum(pack_prompts([prompt], ROOM).text_tokens for prompt in prompts)
    return one, sum(pack_prompts([prompt], ROOM, separate=True).text_tokens for prompt in prompts)


def recipe_prompts(name: str, changes: Sequence[str], corpus: Corpus) -> list[list[ConversationPrompt]]:
    """Prompts of the test split as a recipe writes them, for each time that its system reads it."""
    builder = llm_builder(load_recipe(name, changes), corpus)
    test = corpus.splits["test"]
    gathered = builder.gather(test)
    labels = np.array(corpus.label_set.indices(u.label for c in test for u in c.utterances))
    readings = [None, labels] if builder.shows_past else [None]
    return [
        [builder.style.prompts(conversation, gathered.context(c, emotions))[0] for c, conversation in enumerate(test)]
        for emotions in readings
    ]


def counted(tokens: tuple[int, int]) -> dict[str, float]:
    """Tokens of both sides and their ratio, as the result has them."""
    one, separate = tokens
    return {"one_pass_tokens": one, "separate_tokens": separate, "token_ratio": round(separate / one, 2)}


def train(lm: CausalLM, prompts: Sequence[TokenizedPrompt], gold: Sequence[list[int]], batch_tokens: int) -> float:
    """Seconds of one optimizer step over all prompts, in batches whose gradients add up."""
    optimizer = torch.optim.AdamW([p for p in lm.model.parameters() if p.requires_grad], lr=2e-4)
    total = sum(map(len, gold))
    began = clock()
    for chosen in prompt_batches(prompts, batch_tokens):
        batch = pack_prompts([prompts[c] for c in chosen], ROOM, padding_token=lm.padding_token)
        labels = torch.tensor([label for c in chosen for label in gold[c]])
        (F.cross_entropy(label_scores(lm, batch), labels, reduction="sum") / total).backward()
    optimizer.step()
    return clock() - began


def clock() -> float:
    """Seconds: see the top of this file."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def spread(conversations: Sequence[Conversation], count: int) -> list[int]:
    """Conversations at even steps of length."""
    order = np.argsort([len(conversation) for conversation in conversations], kind="stable")
    return [int(order[int((i + 0.5) / count * len(order))]) for i in range(count)]


def with_lora(lm: CausalLM) -> CausalLM:
    """The model with fresh adapters, as InstructERC has them."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=16, lora_alpha=16, lora_dropout=0.05, target_modules=["q_proj", "k_proj", "v_proj"])
    return lm.with_model(get_peft_model(lm.model, config).train())


@dataclass(slots=True)
class Side:
    """A kind of prompt on its way through the measurement.

    Args:
        prompts: Of every conversation of the test split.
        tokenized: The same as token ids.
        found: What the result says of it.
    """

    prompts: list[ConversationPrompt]
    tokenized: list[TokenizedPrompt]
    found: dict[str, object]


def measure_labelling(lm: CausalLM, side: Side, words: LabelTokens, sample: Sequence[int]) -> None:
    """Utterances per second of both sides, and how far their scores are apart."""
    seconds, scores = {}, {}
    for kind in ("one_pass", "separate"):
        began = clock()
        chosen = [side.prompts[c] for c in sample]
        scores[kind] = score_prompts(lm, chosen, words, ROOM, separate=kind == "separate", batch_tokens=2048)
        seconds[kind] = clock() - began
    utterances = len(scores["separate"])
    side.found |= {
        "labelling_measured_on": utterances,
        "labelling_one_pass_utterances_per_s": round(utterances / seconds["one_pass"], 3),
        "labelling_separate_utterances_per_s": round(utterances / seconds["separate"], 3),
        "labelling_ratio": round(seconds["separate"] / seconds["one_pass"], 2),
        "max_score_difference": float(np.abs(scores["one_pass"] - scores["separate"]).max()),
    }


def measure_training(lm: CausalLM, side: Side, gold: Sequence[list[int]], trained: Sequence[int]) -> None:
    """Utterances per second of one optimizer step of both sides."""
    one = [side.tokenized[c] for c in trained]
    seconds = {
        "one_pass": train(lm, one, gold, 1024),
        "separate": train(lm, asked_alone(one), [[label] for labels in gold for label in labels], 1024),
    }
    learnt = sum(map(len, gold))
    side.found |= {
        "training_measured_on": learnt,
        "training_one_pass_utterances_per_s": round(learnt / seconds["one_pass"], 3),
        "training_separate_utterances_per_s": round(learnt / seconds["separate"], 3),
        "training_ratio": round(seconds["separate"] / seconds["one_pass"], 2),
    }


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Everything the result file says."""
    corpus = load_corpus(arguments.corpus, arguments.corpus_folder)
    lm = load_causal_lm(arguments.model)
    names = tuple(corpus.label_set.labels)
    words = label_tokens(lm, names)
    test = corpus.splits["test"]

    def side(readings: Sequence[list[ConversationPrompt]]) -> Side:
        tokenized = [[tokenize_prompt(lm, prompt, words) for prompt in prompts] for prompts in readings]
        one, separate = map(sum, zip(*(token_counts(lm, prompts) for prompts in tokenized), strict=True))
        return Side(readings[-1], tokenized[-1], dict(counted((one, separate))))

    short = side([[conversation_prompt(conversation, names) for conversation in test]])
    chosen = {name: RECIPES[name] for name in RECIPES if name == PLAIN or name in arguments.recipes}
    recipes = {name: side(recipe_prompts(recipe, changes, corpus)) for name, (recipe, changes) in chosen.items()}
    if not arguments.tokens_only:
        sample, trained = spread(test, arguments.conversations), spread(test, arguments.trained_conversations)
        score_prompts(lm, [short.prompts[sample[0]]], words, ROOM)  # warms up
        timed = (short, recipes[PLAIN])
        for one in timed:
            measure_labelling(lm, one, words, sample)
        lm = with_lora(lm)
        gold = [[names.index(str(u.label)) for u in test[c].utterances] for c in trained]
        for one in timed:
            measure_training(lm, one, gold, trained)
    return {
        "model": lm.name,
        "precision": "fp32",
        "threads": torch.get_num_threads(),
        "clock": "processor seconds" if torch.get_num_threads() == 1 else "wall-clock seconds",
        "torch": torch.__version__,
        "label_form": words.form,
        "test_utterances": sum(len(conversation.utterances) for conversation in test),
        **short.found,
        "load_average": round(os.getloadavg()[0], 2),
        "recipes": {name: one.found for name, one in recipes.items()},
    }


def renewed(found: dict[str, object], out: Path) -> dict[str, object]:
    """A result that exists, with new counts and its own measured times."""
    before = json.loads(out.read_text(encoding="utf-8"))
    recipes = {name: {**before.get("recipes", {}).get(name, {}), **one} for name, one in found["recipes"].items()}  # type: ignore[attr-defined]
    counts = {key: found[key] for key in ("one_pass_tokens", "separate_tokens", "token_ratio")}
    return {**before, **counts, "recipes": recipes}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="emorynlp", help="a corpus, or a folder of conversations with gold labels")
    parser.add_argument("--corpus-folder", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "one_pass_llm.json")
    parser.add_argument("--model", default=DEFAULT_CAUSAL_LM)
    parser.add_argument("--conversations", type=int, default=2, help="measured labelling")
    parser.add_argument("--trained-conversations", type=int, default=1, help="measured training")
    parser.add_argument("--recipes", nargs="*", choices=RECIPES, default=list(RECIPES), help="beside the plain one")
    parser.add_argument("--tokens-only", action="store_true", help="count tokens, measure no time")
    arguments = parser.parse_args(argv)
    found = measure(arguments)
    if arguments.tokens_only and arguments.out.is_file():
        found = renewed(found, arguments.out)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_text(arguments.out, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
