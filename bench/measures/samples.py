"""Reading the exposed metrics."""

import math
import re

Samples = dict[str, float]
ACCEPTED = 'exchange_ingest_requests_total{outcome="accepted"}'
PUBLISHED = "exchange_relay_published_rows_total"
WINDOWS = "exchange_relay_published_windows_total"


def gained(before: Samples, after: Samples, name: str) -> float:
    return after.get(name, 0) - before.get(name, 0)


def quantile(before: Samples, after: Samples, name: str, share: float) -> float:
    """Of what a histogram took in between, linear within a bucket."""
    buckets = sorted(
        (float(found.group(1)), gained(before, after, sample))
        for sample in after
        if (found := re.fullmatch(rf'{name}_bucket{{le="([^"]+)"}}', sample))
    )
    wanted = share * buckets[-1][1]
    lower, below = 0.0, 0.0
    for upper, count in buckets:
        if count >= wanted and count > below:
            if math.isinf(upper):
                return lower
            return lower + (upper - lower) * (wanted - below) / (count - below)
        lower, below = upper, count
    return math.nan


def mean(before: Samples, after: Samples, name: str, labels: str = "") -> float:
    count = gained(before, after, f"{name}_count{labels}")
    return gained(before, after, f"{name}_sum{labels}") / count if count else math.nan


def step_ms(before: Samples, after: Samples) -> dict[str, float]:
    """Where a window's time went."""
    name = "exchange_relay_step_seconds"
    return {
        step: 1e3 * mean(before, after, name, f'{{step="{step}"}}')
        for step in ("read", "store", "plan", "send")
    }
