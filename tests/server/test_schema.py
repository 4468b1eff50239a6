"""Requests made up from the OpenAPI document: whatever comes back is described there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = 8  # of each route, and as many that break the document
OPERATIONS = [
    ("POST", "/v1/label"),
    ("POST", "/v1/read"),
    ("POST", "/v1/explain"),
    ("POST", "/v1/stream"),
    ("GET", "/v1/models"),
    ("GET", "/v1/speakers/{speaker}"),
    ("DELETE", "/v1/speakers/{speaker}"),
    ("GET", "/health"),
    ("GET", "/metrics"),
]


@pytest.fixture(scope="module")
def document(unstarted: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", unstarted, headers={"Host": "127.0.0.1"})


def test_every_operation_is_tried(document: Any) -> None:
    found = [result.ok() for result in document.get_all_operations()]
    assert sorted((one.method.upper(), one.path) for one in found) == sorted(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=" ".join)
def test_the_document_holds(document: Any, method: str, path: str) -> None:
    operation = document[path][method]

    # Which texts are transcripts is more than a schema can say: a text that is none may be refused.
    excluded = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")] if path == "/v1/read" else []
    modes = [schemathesis.GenerationMode.POSITIVE]
    if method == "POST" or "{" in path:  # there is something that can be wrong
        modes.append(schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:

        @seed(1)
        @settings(
            max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def try_it(case: Any) -> None:
            case.call_and_validate(headers={"Host": "127.0.0.1"}, excluded_checks=excluded)

        try_it()
