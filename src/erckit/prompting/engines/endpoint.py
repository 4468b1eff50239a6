"""Any server that speaks the OpenAI chat-completions protocol, near or far."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from erckit.errors import SettingError
from erckit.prompting.engines.engine import Leave
from erckit.prompting.engines.http_post import HttpAnswer, HttpProblem, checked_address, http_post, is_this_machine
from erckit.prompting.engines.request import Completion, Failure, Request, estimated_tokens

# <|im_end|>, <start_of_turn>, </s>, <<SYS>>, [INST], <think>, DeepSeek's wide bars: an opening bracket and what follows
# it at once. "<3" and "[ok" stay.
_TAG = re.compile(r"(<)(?=[|｜/!<A-Za-z_])|(\[)(?=/?[A-Z_]+\])|(\{)(?=[{%])")


def untagged(text: str) -> str:
    """``text`` with a space after every bracket that may open a control token or a template's expression.

    A server puts messages into its own chat template and may read ``<|im_end|>`` in them as the end of the message. The
    local engine needs none of this: it tokenises people's words as letters.
    """
    return _TAG.sub(lambda found: f"{found.group()} ", text)


KEY_VARIABLE = "ERCKIT_ENDPOINT_KEY"
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_ADVICE = {
    401: "Put a valid key into the environment variable {variable}",
    403: "The key in {variable} may not use this model; choose another key or model",
    404: "Check the address and the name of the model",
}
_STOPS = _ADVICE  # what is refused with these is refused to every request


class EndpointEngine:
    """A model behind an address: vLLM, llama.cpp, Ollama, ``transformers serve``, or a company's.

    The key comes from an environment variable, goes into one header, and stands in no message. It is not sent over an
    unencrypted connection to another machine. Redirects are not followed.

    Args:
        url: ``http(s)://host[:port][/path]``; ``/v1/chat/completions`` is added where the path does not end in
            ``chat/completions``, or ``/chat/completions`` where it ends in ``/v1``.
        model: The model's name on the server.
        key_variable: Environment variable that holds the key; it need not be set.
        timeout: Seconds for one try, from connecting to the last byte.
        parallel: Requests under way at the same time.

    Raises:
        SettingError: No address, no model name, or a key that would travel in the clear.
    """

    def __init__(
        self, url: str, model: str, *, key_variable: str = KEY_VARIABLE, timeout: float = 60.0, parallel: int = 4
    ) -> None:
        if not model:
            raise SettingError("the endpoint needs the name of a model. Name it with --model.")
        if timeout <= 0 or parallel < 1:
            raise SettingError("the endpoint's timeout must be above 0 and its parallel requests at least 1.")
        self._url, self._model, self._timeout, self._parallel = _completions_url(url), model, timeout, parallel
        self._variable = key_variable
        self._key = os.environ.get(key_variable, "").strip()
        address = checked_address(self._url)
        if self._key and address.scheme == "http" and not is_this_machine(address.hostname or ""):
            raise SettingError(
                f"the key in {key_variable} would travel to {address.hostname} in the clear. Use an https address, or "
                f"unset {key_variable} if the server needs no key."
            )
        if not self._key.isascii() or not self._key.isprintable():
            raise SettingError(f"the key in {key_variable} holds characters that no key has. Set it again.")

    @property
    def name(self) -> str:
        """The model's name and its server: another server may have another model of that name."""
        return f"endpoint {self._model} at {self._url.removesuffix('/chat/completions')}"

    @property
    def title(self) -> str:
        """The model's name."""
        return f"endpoint {self._model}"

    @property
    def at_once(self) -> int:
        """Requests under way at the same time, and a few more that wait."""
        return self._parallel * 4

    def complete(
        self, requests: Sequence[Request], temperature: float, leave: Leave | None = None
    ) -> Iterator[tuple[int, Completion | Failure]]:
        """Try each request once, several at the same time; each is made when there is a place for it."""
        stopped = threading.Event()
        pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="endpoint")
        running: dict[Future[Completion | Failure], int] = {}
        places = iter(range(len(requests)))
        try:
            while True:
                while len(running) < self._parallel and (place := next(places, None)) is not None:
                    seconds = leave(requests[place]) if leave is not None else self._timeout
                    if seconds <= 0:
                        places = iter(range(0))
                        break
                    how = requests[place], temperature, stopped, min(self._timeout, seconds)
                    running[pool.submit(self._try, *how)] = place
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _try(
        self, request: Request, temperature: float, stopped: threading.Event, seconds: float
    ) -> Completion | Failure:
        if stopped.is_set():
            return Failure("stopped")
        body = {
            "model": self._model,
            "messages": [
                *([{"role": "system", "content": request.system}] if request.system else []),
                {"role": "user", "content": untagged(request.user)},
            ],
            "max_tokens": request.max_tokens,
            "temperature": temperature,
        }
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            answer = http_post(self._url, json.dumps(body).encode("ascii"), headers, seconds)
        except HttpProblem as problem:
            return Failure(str(problem), tokens=request.prompt_tokens if problem.was_sent else 0)
        if answer.status == 200:
            return _read(answer.body, request, self._key)
        return self._refused(answer, request.prompt_tokens)

    def _refused(self, answer: HttpAnswer, tokens: int) -> Failure:
        said = f"the server answers {answer.status}{_said(answer.body, self._key)}"
        if answer.status in _AGAIN:
            return Failure(said, wait=answer.retry_after, tokens=tokens)
        if 300 <= answer.status < 400:
            advice = "it redirects, which is not followed. Give the address it redirects to"
            return Failure(f"{said}; {advice}", True, tokens=tokens, stops=True)
        advice = _ADVICE.get(answer.status, "The server does not take this request").format(variable=self._variable)
        return Failure(f"{said}. {advice}", True, tokens=tokens, stops=answer.status in _STOPS)


def _completions_url(url: str) -> str:
    if not url:
        raise SettingError("the endpoint needs an address, such as http://localhost:8000/v1. Name it with --url.")
    url = url.rstrip("/")
    path = checked_address(url).path
    if path.endswith("/chat/completions"):
        return url
    return f"{url}/chat/completions" if path.endswith(("/v1", "/v1beta", "/openai")) else f"{url}/v1/chat/completions"


def _read(body: bytes, request: Request, secret: str) -> Completion | Failure:
    """The text of a chat completion, empty where it holds none; anything else is a failure that may be tried again."""
    answer: Any = None
    try:
        answer = json.loads(body)
        choice = answer["choices"][0]
        message, is_cut = choice["message"], choice.get("finish_reason") == "length"
        content = message["content"] if "content" in message else None
        if isinstance(content, list):  # parts, as some servers send them
            content = "".join(part.get("text") or "" for part in content)
        if content is None:
            note = "it is a refusal" if message.get("refusal") else "it holds no text"
            return Completion("", _spent(answer, request, ""), is_cut, f"{note}, cut at the limit" if is_cut else note)
        if not isinstance(content, str):
            return Failure("the answer holds no text", tokens=_spent(answer, request, ""))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return Failure(f"the answer is no chat completion{_said(body, secret)}", tokens=_spent(answer, request, ""))
    return Completion(content, _spent(answer, request, content), is_cut)


def _spent(answer: Any, request: Request, content: str) -> int:
    """Tokens as the server counts them, else the prompt's and those of what came, estimated."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 1 << 40:
        return total
    return request.prompt_tokens + (estimated_tokens(content) if content else 0)


def _said(body: bytes, secret: str = "") -> str:
    """The beginning of what a server said, for a message; without the key, should it repeat it."""
    try:
        error = json.loads(body)["error"]
        text = error if isinstance(error, str) else str(error["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        text = body[:300].decode("utf-8", "replace")
    text = text.replace(secret, "...") if secret else text
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:120]
    return f" ({text})" if text else ""
