"""Counters of one server, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Counters:
    """What the server counts; no value holds a text, a name or a namespace."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "erckit_requests", "Answers, by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.request_seconds = Histogram(
            "erckit_request_seconds", "From the request's first byte to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.wait_seconds = Histogram(
            "erckit_wait_seconds", "Time a job waited for the models.", buckets=_SECONDS, registry=self.registry
        )
        self.model_seconds = Histogram(
            "erckit_model_seconds", "Time of one call of a model.", ("model",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.batch_utterances = Histogram(
            "erckit_batch_utterances", "Utterances labelled in one call.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), registry=self.registry,
        )  # fmt: skip
        self.utterances = Counter(
            "erckit_utterances_labelled", "Utterances labelled.", ("model", "how"), registry=self.registry
        )
        self.in_flight = Gauge("erckit_in_flight", "Requests that are being answered.", registry=self.registry)
        self.sockets = Gauge("erckit_sockets", "Web sockets that are open.", registry=self.registry)
        self._queue = Gauge("erckit_queue_jobs", "Jobs that wait for the models.", registry=self.registry)
        self._queue_utterances = Gauge(
            "erckit_queue_utterances", "Utterances that wait for the models.", registry=self.registry
        )
        ProcessCollector(registry=self.registry)

    def watch_queue(self, jobs: Callable[[], float], utterances: Callable[[], float]) -> None:
        """Ask these for the queue's depth when somebody looks."""
        self._queue.set_function(jobs)
        self._queue_utterances.set_function(utterances)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self.registry)
