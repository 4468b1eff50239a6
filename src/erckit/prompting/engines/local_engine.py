"""A causal language model on this machine that writes annotations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.prompting.engines.engine import Leave
from erckit.prompting.engines.request import Completion, Failure, Request

if TYPE_CHECKING:
    from erckit.causal.causal_lm import CausalLM

_SEED = 0


class LocalEngine:
    """Generates answers with a causal language model, several at the same time.

    The model is loaded when the first request comes; a run that finds all its answers in the cache loads none.

    Args:
        model: A name, folder or file that ``load_causal_lm`` takes.
        dtype: ``fp32`` or ``bf16``.
        device: As torch names it; empty takes a GPU where there is one.
        parallel: Requests in a batch.
        lm: The model, where it is loaded already.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        dtype: str = "fp32",
        device: str = "",
        parallel: int = 8,
        lm: CausalLM | None = None,
    ) -> None:
        self._model, self._dtype, self._device, self._parallel, self._lm = str(model), dtype, device, parallel, lm
        self._sha256: str | None = None

    @property
    def name(self) -> str:
        """The model's name and which weights it has; they are read for that, but not loaded.

        Raises:
            BackboneError: The model cannot be had.
        """
        if self._sha256 is None:
            from erckit.causal.causal_lm import weights_sha256

            self._sha256 = self._lm.sha256 if self._lm is not None else weights_sha256(self._model)
        return f"local {Path(self._model).name} {self._sha256[:16]} {self._dtype}"

    @property
    def title(self) -> str:
        """The model as it was named."""
        return f"local {self._model}"

    @property
    def at_once(self) -> int:
        """Requests in a batch."""
        return self._parallel

    def complete(
        self, requests: Sequence[Request], temperature: float, leave: Leave | None = None
    ) -> Iterator[tuple[int, Completion | Failure]]:
        """Answer each request; those that do not fit the model fail for good. A batch that is begun is ended."""
        import torch

        if leave is not None:
            requests = list(itertools.takewhile(lambda request: leave(request) > 0, requests))
        if not requests:
            return
        lm = self._loaded()
        prompts = [self._tokens(lm, request) for request in requests]
        longest = [len(prompt) + request.max_tokens for prompt, request in zip(prompts, requests, strict=True)]
        places = [i for i, length in enumerate(longest) if length <= lm.positions]
        for i in set(range(len(requests))) - set(places):
            yield i, Failure(f"a prompt needs {longest[i]:,} tokens, the model takes {lm.positions:,}", is_final=True)
        if not places:
            return
        width = max(len(prompts[i]) for i in places)
        rows = [[lm.padding_token] * (width - len(prompts[i])) + list(prompts[i]) for i in places]
        tokens = torch.tensor(rows, device=lm.device)  # (B, T), padded on the left
        mask = torch.tensor([[int(t >= width - len(prompts[i])) for t in range(width)] for i in places])  # (B, T)
        options: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        if temperature > 0:
            options = {"do_sample": True, "temperature": temperature, "top_p": 0.95}
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            written = lm.model.generate(
                input_ids=tokens,
                attention_mask=mask.to(lm.device),
                max_new_tokens=max(requests[i].max_tokens for i in places),
                eos_token_id=list(lm.stop_tokens),
                pad_token_id=lm.padding_token,
                **options,
            )[:, width:]  # (B, new)
        for i, row in zip(places, written.tolist(), strict=True):
            ends = [at for at, token in enumerate(row) if token in lm.stop_tokens]
            # The batch goes on until its longest answer; this one ends where it was to end.
            answer = (row[: ends[0]] if ends else row)[: requests[i].max_tokens]
            text = lm.tokenizer.decode(answer, skip_special_tokens=True)
            is_cut = not ends or ends[0] >= requests[i].max_tokens
            yield i, Completion(text, len(prompts[i]) + len(answer), is_cut)

    def _loaded(self) -> CausalLM:
        if self._lm is None:
            import torch

            from erckit.causal.causal_lm import load_causal_lm

            device = self._device or ("cuda" if torch.cuda.is_available() else "cpu")
            self._lm = load_causal_lm(self._model, self._dtype, device)
        return self._lm

    @staticmethod
    def _tokens(lm: CausalLM, request: Request) -> tuple[int, ...]:
        """The prompt in the model's chat frame; what looks like a control token in it stays text."""
        text = f"{request.system}\n\n{request.user}"
        return (*lm.frame.begin, *lm.text_tokens(text), *lm.frame.end)
