"""Causal language model: one pass over a conversation against a separate prompt for every utterance.

Run from the repository root: python benchmarks/one_pass_llm.py [--corpus-folder DIR] [--out FILE]

Both sides ask the same model the same questions about the same EmoryNLP conversations, with the same history, labels
and precision, on the same threads, one after the other. A prompt is the one InstructERC uses, put history first and
question last: instruction with the label list, every utterance so far with its speaker, a short question. Labels are
read off the question's last token (one token stands for each label), so no side pays for answers. Separate prompts are
batched as well as they can be: sorted by length over all conversations, so that padding is small, and attended with
the plain causal kernel. Training is LoRA on the attention projections as published, with the same loss on both sides.

Tokens are counted over the whole test split. Speed is measured on a few conversations of it, taken at even steps of
length (with two: at the first and the third quartile). Seconds are the process' own processor seconds, since other
work on the machine would enter wall-clock time; with more than one thread they are wall-clock seconds. The score
difference is the largest one between log-likelihoods of labels.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from erckit.conversation import Conversation
from erckit.corpora import load_corpus
from erckit.encoding.causal_lm import DEFAULT_CAUSAL_LM, CausalLM, load_causal_lm
from erckit.encoding.prompt_packing import TokenizedPrompt, asked_alone, pack_prompts
from erckit.encoding.prompt_segments import Room
from erckit.prompting.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.label_likelihood import label_scores, prompt_batches, score_prompts
from erckit.prompting.tokenize_prompt import label_tokens, tokenize_prompt
from erckit.storage.atomic import write_text

ROOM = Room(max_tokens=1024, left_context=512)


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


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Everything the result file says."""
    corpus = load_corpus("emorynlp", arguments.corpus_folder)
    lm = load_causal_lm(arguments.model)
    names = tuple(corpus.label_set.labels)
    words = label_tokens(lm, names)
    test = corpus.splits["test"]
    prompts = [conversation_prompt(conversation, names) for conversation in test]
    tokenized = [tokenize_prompt(lm, prompt, words) for prompt in prompts]
    one_tokens, separate_tokens = token_counts(lm, tokenized)
    sample, trained = spread(test, arguments.conversations), spread(test, arguments.trained_conversations)

    score_prompts(lm, [prompts[sample[0]]], words, ROOM)  # warms up
    seconds, scores = {}, {}
    for side in ("one_pass", "separate"):
        began = clock()
        scores[side] = score_prompts(
            lm, [prompts[c] for c in sample], words, ROOM, separate=side == "separate", batch_tokens=2048
        )
        seconds[side] = clock() - began
    utterances = len(scores["separate"])

    lm = with_lora(lm)
    gold = [[names.index(str(u.label)) for u in test[c].utterances] for c in trained]
    one = [tokenized[c] for c in trained]
    alone = asked_alone(one)
    learning = {
        "one_pass": train(lm, one, gold, 1024),
        "separate": train(lm, alone, [[label] for labels in gold for label in labels], 1024),
    }
    learnt = sum(map(len, gold))
    return {
        "model": lm.name,
        "precision": "fp32",
        "threads": torch.get_num_threads(),
        "clock": "processor seconds" if torch.get_num_threads() == 1 else "wall-clock seconds",
        "torch": torch.__version__,
        "label_form": words.form,
        "test_utterances": sum(len(conversation.utterances) for conversation in test),
        "one_pass_tokens": one_tokens,
        "separate_tokens": separate_tokens,
        "token_ratio": round(separate_tokens / one_tokens, 2),
        "labelling_measured_on": utterances,
        "labelling_one_pass_utterances_per_s": round(utterances / seconds["one_pass"], 3),
        "labelling_separate_utterances_per_s": round(utterances / seconds["separate"], 3),
        "labelling_ratio": round(seconds["separate"] / seconds["one_pass"], 2),
        "training_measured_on": learnt,
        "training_one_pass_utterances_per_s": round(learnt / learning["one_pass"], 3),
        "training_separate_utterances_per_s": round(learnt / learning["separate"], 3),
        "training_ratio": round(learning["separate"] / learning["one_pass"], 2),
        "max_score_difference": float(np.abs(scores["one_pass"] - scores["separate"]).max()),
        "load_average": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus-folder", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "one_pass_llm.json")
    parser.add_argument("--model", default=DEFAULT_CAUSAL_LM)
    parser.add_argument("--conversations", type=int, default=4, help="measured labelling")
    parser.add_argument("--trained-conversations", type=int, default=2, help="measured training")
    arguments = parser.parse_args()
    found = measure(arguments)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_text(arguments.out, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
