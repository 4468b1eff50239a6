"""Tiny backbones, a tiny corpus and a tiny trained model, all made here: nothing is downloaded."""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from warm_python import WarmPython

# One thread: the models are tiny, and equal seeds give equal weights only for a fixed number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What is imported stays: looking through it for what can go takes a third of the time that importing it takes.
gc.disable()


def pytest_collection_finish() -> None:
    gc.enable()


settings.register_profile("erckit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("erckit")

WORDS = (
    "red green blue dog cat tree house run walk talk see hear say the a an and or but not yes no oh well you i we "
    "they he she it is was are be have do go come give take make know think feel happy sad angry calm good bad day "
    "night time way man friend door table coffee phone car street never always maybe please thanks hello bye"
).split()
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?:'<>#-"
BYTE_PAIR = ("roberta", "xlm-roberta")


@pytest.fixture(scope="session")
def warm_python() -> Iterator[WarmPython]:
    """``warm_python.run("-m", "erckit", ...)``: processes that need not import torch first."""
    warm = WarmPython()
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """``tiny_backbone(kind)``: folder of a randomly initialised bert, roberta, xlm-roberta, electra or mpnet.

    Hidden size 32, 3 layers, 4 heads, 128 token positions, with a real tokenizer.
    """
    made: dict[str, Path] = {}

    def make(kind: str = "bert") -> Path:
        if kind not in made:
            folder = tmp_path_factory.mktemp("backbones") / kind
            vocabulary = _save_tokenizer(kind, folder)
            _save_network(kind, folder, vocabulary)
            made[kind] = folder
        return made[kind]

    return make


def _save_tokenizer(kind: str, folder: Path) -> int:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = (
        {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
        if kind in ("bert", "electra")
        else {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}
    )
    names = list(special.values())  # the order of ids: <pad> is 1 where positions start after it
    if kind in BYTE_PAIR:
        tokenizer = Tokenizer(models.BPE(unk_token=special["unk"]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        trainer = trainers.BpeTrainer(
            vocab_size=600, special_tokens=names, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        )
        tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    else:
        pieces = [*names, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)]
        vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk"]))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokens = {f"{role}_token": token for role, token in special.items()}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens).save_pretrained(folder)
    return tokenizer.get_vocab_size()


def _save_network(kind: str, folder: Path, vocabulary: int) -> None:
    import torch
    from transformers import AutoConfig, AutoModel

    first = 0 if kind in ("bert", "electra") else 2  # RoBERTa and MPNet count positions from 2
    config = AutoConfig.for_model(
        kind,
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=128 + first,
        pad_token_id=first // 2,
        **({"embedding_size": 32} if kind == "electra" else {}),
    )
    extra = {} if kind == "electra" else {"add_pooling_layer": False}
    model = AutoModel.from_config(config, **extra)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        # The usual start (0.02, biases 0) leaves attention flat and would hide a wrong mask, bias or norm.
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "LayerNorm.weight" in name:
                parameter.copy_(1 + 0.2 * noise)
            elif parameter.ndim == 1:
                parameter.copy_(0.2 * noise)
            elif "embeddings" in name or "relative" in name:
                parameter.copy_(0.7 * noise)
            else:
                parameter.copy_(noise / parameter.shape[1] ** 0.5)
    model.save_pretrained(folder, safe_serialization=True)


@pytest.fixture(scope="session")
def talk() -> Callable[..., Any]:
    """``talk(seed, utterances, ...)``: a random conversation over the tokenizers' words, with gold labels."""
    from erckit.conversation import Conversation, Utterance

    def make(
        seed: int,
        utterances: int = 6,
        *,
        speakers: tuple[str, ...] = ("Ana", "Ben", "Cleo"),
        labels: tuple[str, ...] = ("Calm", "Cross", "Glad"),
        longest: int = 9,
        story: tuple[int, ...] | None = None,
    ) -> Conversation:
        rng = random.Random(seed)
        said = tuple(
            Utterance(
                f"u{u}",
                rng.choice(speakers),
                " ".join(rng.choices(WORDS, k=rng.randint(1, longest))),
                label=rng.choice(labels),
            )
            for u in range(utterances)
        )
        return Conversation(f"c{seed}", said, {} if story is None else {"story": list(story)})

    return make


@pytest.fixture(scope="session")
def tiny_corpus(talk: Callable[..., Any]) -> Any:
    """Three labels, 10 + 4 + 4 conversations; file order is not story order, one speaker is anonymous."""
    from erckit.corpora.corpus import Corpus
    from erckit.labels import LabelSet

    def split(start: int, count: int) -> tuple[Any, ...]:
        rng = random.Random(start)
        speakers = ("Ana", "Ben", "Cleo", "Dan", "Waiter")
        return tuple(
            talk(start + i, rng.randint(2, 7), speakers=speakers, story=(1, rng.randint(1, 9), i)) for i in range(count)
        )

    return Corpus(
        "tiny",
        "1",
        LabelSet(("Calm", "Cross", "Glad"), neutral="Calm"),
        {"train": split(0, 10), "dev": split(100, 4), "test": split(200, 4)},
    )


@pytest.fixture(scope="session")
def tiny_reader(tiny_backbone: Callable[[str], Path], tiny_causal_lm: Callable[..., Any]) -> Callable[[Any], Path]:
    """``tiny_reader(model)``: folder of the tiny bert, or of the tiny llama where the model's reader is one."""

    def make(model: dict[str, Any]) -> Path:
        is_causal = model.get("reader", {}).get("kind") == "causal_lm"
        return tiny_causal_lm("llama").folder if is_causal else tiny_backbone("bert")

    return make


@pytest.fixture(scope="session")
def tiny_recipe(tiny_reader: Callable[[Any], Path]) -> Callable[..., Any]:
    """``tiny_recipe(model=..., training=...)``: a recipe on a tiny backbone, with the given values changed."""
    from erckit.models.model_settings import declared_settings
    from erckit.recipe.load_recipe import recipe_from_dict
    from erckit.recipe.recipe import Recipe

    def make(model: dict[str, Any] | None = None, training: dict[str, Any] | None = None) -> Recipe:
        quick = {"epochs": 2, "batch_tokens": 96, "precision": "fp32", "head_rate": 3e-3, "backbone_rate": 1e-3}
        declared = declared_settings((model or {}).get("name", "emonet"))
        speaker = {"speaker": {"min_utterances": 2}} if declared.is_read("speaker.min_utterances") else {}
        values = {
            "name": "tiny/recipe",
            "corpus": "tiny",
            "model": {"backbone": str(tiny_reader(model or {})), **speaker, **(model or {})},
            "training": {**quick, **(training or {})},
        }
        return recipe_from_dict(values)

    return make


@pytest.fixture(scope="session")
def trained_folder(tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model folder of a tiny EmoNet trained for two epochs. Read only: copy it before changing it."""
    from erckit.training.run import train

    return train(tiny_recipe(), tiny_corpus, tmp_path_factory.mktemp("trained") / "run", quiet=True)


@pytest.fixture(scope="session")
def tiny_causal_lm(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """``tiny_causal_lm(kind)``: a randomly initialised CausalLM, made once: load its ``folder`` to change it.

    Kinds: llama (a chat model), qwen2 (base, no beginning-of-text token), gemma3_text and gemma2 (base, with one,
    sliding windows of 24 tokens in every other layer), mistral (all layers slide), gpt2 (learned positions). Hidden
    size 32, 3 layers, 4 heads, 512 positions.
    """
    made: dict[str, Any] = {}

    def make(kind: str = "llama") -> Any:
        from erckit.causal.causal_lm import load_causal_lm

        if kind not in made:
            folder = tmp_path_factory.mktemp("causal") / kind
            _save_causal_lm(kind, folder, _save_causal_tokenizer(kind, folder))
            made[kind] = load_causal_lm(folder)
        return made[kind]

    return make


def _save_causal_tokenizer(kind: str, folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|start|>", "<bos>"]
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=special, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    if kind.startswith("gemma"):
        tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", 2)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<bos>", pad_token="<|end|>"
    )
    if kind == "llama":
        fast.chat_template = (
            "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] | trim }}<|end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
        )
    fast.save_pretrained(folder)
    return tokenizer.get_vocab_size()


def _save_causal_lm(kind: str, folder: Path, vocabulary: int) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    slides = {"sliding_window": 24} if kind in ("gemma3_text", "gemma2", "mistral") else {}
    mixed = {"layer_types": ["sliding_attention", "full_attention", "sliding_attention"]} if "gemma" in kind else {}
    sizes: dict[str, Any] = (
        {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 512}
        if kind == "gpt2"
        else {
            "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
            "head_dim": 8, "intermediate_size": 64, "max_position_embeddings": 512,
        }
    )  # fmt: skip
    config = AutoConfig.for_model(
        kind, vocab_size=vocabulary, eos_token_id=0, bos_token_id=2, pad_token_id=0, **sizes, **slides, **mixed
    )
    model = AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        # The usual start (0.02) leaves attention flat and would hide a wrong mask or position.
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 1:
                parameter.add_(0.2 * noise)
            elif "embed" in name or "wte" in name or "wpe" in name:
                parameter.copy_(0.7 * noise)
            else:
                parameter.copy_(1.5 * noise / parameter.shape[-1] ** 0.5)
    model.save_pretrained(folder)


@pytest.fixture(scope="session")
def ruled_corpus() -> Callable[..., Any]:
    """``ruled_corpus(train=24, words=2)``: who says "angry" is cross, "happy" glad, "coffee" calm, beside others."""
    from erckit.conversation import Conversation, Utterance
    from erckit.corpora.corpus import Corpus
    from erckit.labels import LabelSet

    word_of = {"Calm": "coffee", "Cross": "angry", "Glad": "happy"}

    def make(train: int = 24, words: int = 2) -> Corpus:
        rng = random.Random(5)

        def conversation(name: str) -> Conversation:
            said = []
            for u in range(rng.randint(3, 5)):
                label = rng.choice(list(word_of))
                text = [*rng.choices(["the", "dog", "and", "door", "you"], k=words), word_of[label]]
                rng.shuffle(text)
                said.append(Utterance(f"u{u}", rng.choice(["Ana", "Ben", "Cleo"]), " ".join(text), label))
            return Conversation(name, tuple(said), {"story": [rng.randint(1, 5), int(name[1:])]})

        sizes = {"train": train, "dev": 6, "test": 6}
        splits = {name: tuple(conversation(f"{name[0]}{i}") for i in range(n)) for name, n in sizes.items()}
        return Corpus("ruled", "1", LabelSet(("Calm", "Cross", "Glad"), neutral="Calm"), splits)

    return make


@pytest.fixture(scope="session")
def llm_recipe(tiny_causal_lm: Callable[..., Any], tiny_backbone: Callable[[str], Path]) -> Callable[..., Any]:
    """``llm_recipe(system, model=..., style=..., training=...)``: a recipe on the tiny llama, with values changed."""
    from erckit.recipe.load_recipe import recipe_from_dict
    from erckit.recipe.recipe import Recipe

    def make(system: str = "bios_erc", **groups: Any) -> Recipe:
        compared = {"instruct_erc": "demonstrations", "emonet_llm": "related"}.get(system)
        is_read = compared is not None and groups.get("style", {}).get(compared, 1) > 0
        is_trained = groups.get("training", {}).get("llm", {}).get("is_trained", True)
        lora = {"rank": 8, "alpha": 16, "dropout": 0.0, "targets": ["all-linear"]}
        quick = {"epochs": 1, "batch_tokens": 700, "backbone_rate": 1e-2, "precision": "fp32"}
        values: dict[str, Any] = {
            "name": f"tiny/{system}",
            "corpus": "ruled",
            "model": {
                "name": system,
                "backbone": str(tiny_causal_lm("llama").folder),
                "history": {"scope": "conversation"},
            },
            "style": {"biographies": "none"} if system == "bios_erc" else {},
            "context": {"demonstrations": {"encoder": str(tiny_backbone("bert"))}} if is_read else {},
            "lora": lora if is_trained else {},
            "training": quick if is_trained else {"batch_tokens": 700, "precision": "fp32"},
        }
        for group, changes in groups.items():
            values[group] = {**values[group], **changes}
        return recipe_from_dict(values)

    return make


@pytest.fixture(scope="session")
def llm_folder(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Model folder of a tiny ``emonet_llm``, trained for one epoch. Read only: copy it before changing it."""
    from erckit.training.run import train

    recipe = llm_recipe("emonet_llm", model={"history": {"scope": "all"}})
    return train(recipe, ruled_corpus(8), tmp_path_factory.mktemp("llm") / "run", quiet=True)
