"""When records were committed, by the spans of a tenth of them.

An event's `occurred_at` is drawn inside the commit's transaction, so an age counted from it holds
the commit itself. The span of the group's commit ends when Postgres has answered it.
"""

from support.collector import Collector, Span

SHARE = 0.1
COMMIT = "commit group"
PUBLISH = "publish "


class Commits:
    def __init__(self) -> None:
        self._collector = Collector()

    def __enter__(self) -> "Commits":
        self._collector.__enter__()
        return self

    def __exit__(self, *left: object) -> None:
        self._collector.__exit__(*left)

    @property
    def settings(self) -> dict[str, object]:
        """Of the server that is measured."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector.endpoint,
            "OTEL_TRACES_SAMPLER": "traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": SHARE,
        }

    def committed_ns(self) -> dict[str, int]:
        """By trace id."""
        return _ends(self._collector.spans(), COMMIT)

    def to_acknowledged_ms(self, after: int = 0) -> list[float]:
        """Without the first `after` acknowledgements."""
        spans = self._collector.spans()
        committed = _ends(spans, COMMIT)
        # The exporter drops spans rather than hold anything up.
        ages = [
            (ended - committed[trace]) / 1e6
            for trace, ended in _ends(spans, PUBLISH).items()
            if trace in committed
        ]
        return ages[after:]


def _ends(spans: list[Span], name: str) -> dict[str, int]:
    return {span.trace: span.ended_ns for span in spans if span.name.startswith(name)}
