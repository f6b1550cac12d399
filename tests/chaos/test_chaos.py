"""A few seeds of ./dev chaos, and its verdict."""

from collections import Counter
from pathlib import Path

import pytest
from chaos.schedule import RELAYS, WEIGHTS, make_schedule
from chaos.seed import SOMETIMES, SeedResult, play_seed
from chaos.seeds import SEEDS_TO_JUDGE, Campaign


# Chosen for what they do: 1 kills and crashes relays, 8 adds twins and poison, 20 outlives leases.
@pytest.mark.parametrize("seed", [1, 8, 20])
def test_a_seed_of_faults_ends_well(stack, tmp_path, seed):
    result = play_seed(stack, seed, tmp_path, "transactional")
    assert "\n".join(result.told) == ""
    assert result.records > 0


def test_a_seed_is_a_schedule_and_always_the_same_one():
    assert make_schedule(7) == make_schedule(7)
    assert make_schedule(7) != make_schedule(8)


def test_schedules_use_every_kind_of_fault_and_both_relays():
    faults = [fault for seed in range(300) for fault in make_schedule(seed).faults]
    assert {fault.kind for fault in faults} == set(WEIGHTS)
    assert set(RELAYS) <= {fault.target for fault in faults}
    assert all(fault.for_s > 0 or fault.failpoint for fault in faults)


def _campaign(*results: SeedResult) -> Campaign:
    campaign = Campaign(None, Path("unused"), "transactional")
    campaign.played.extend(results)
    return campaign


def _everything() -> Counter[str]:
    return Counter(dict.fromkeys(SOMETIMES, 1))


def test_a_campaign_with_a_violation_is_not_clean():
    clean, line = _campaign(SeedResult(1, violations=Counter(lost=2))).verdict()
    assert not clean
    assert "violations: lost 2" in line


@pytest.mark.parametrize("missing", SOMETIMES)
def test_a_long_campaign_that_never_met_a_rare_event_is_not_clean(missing):
    counters = _everything()
    del counters[missing]
    results = [SeedResult(n, counters=counters) for n in range(SEEDS_TO_JUDGE)]
    clean, line = _campaign(*results).verdict()
    assert not clean
    assert f"never: {missing}" in line
    assert _campaign(*results[1:]).verdict()[0], "few seeds may miss one"


def test_a_campaign_that_met_everything_without_violation_is_clean():
    results = [SeedResult(n, counters=_everything()) for n in range(SEEDS_TO_JUDGE)]
    clean, line = _campaign(*results).verdict()
    assert clean
    assert line.endswith("violations: none")
