"""A crash at every failpoint, once each; ./dev chaos failpoints tries every hit and action."""

from chaos.failpoints import Trial, count_hits, make_trials, run_all

# What a life must come by: a site that moved out of reach is no longer tested.
SITES = {
    "ingest/group",
    "ingest/committed",
    "kafka/commit",
    "kafka/committed",
    "kafka/handed-over",
    "lease/acquire",
    "lease/acquired",
    "lease/release",
    "lease/renew",
    "lease/renewed",
    "relay/bundles-stored",
    "relay/finish-plan",
    "relay/loaded",
    "relay/open",
    "relay/opened",
    "relay/plan",
    "relay/planned",
    "relay/put",
    "relay/put-done",
    "relay/quarantine",
    "relay/record",
    "relay/recorded",
    "relay/send",
    "relay/sent",
    "relay/tails-read",
    "relay/window-read",
    "retention/bundles-seen",
    "retention/make",
    "retention/outbox-dropped",
    "retention/staged-dropped",
    "sweep/forget",
    "sweep/remove",
}


def test_a_crash_at_any_place_loses_and_doubles_nothing(stack, tmp_path):
    hits = count_hits(stack, tmp_path / "count")
    assert hits.keys() >= SITES, f"never reached: {SITES - hits.keys()}"
    trials = make_trials(hits, ["crash"], 1)
    assert len(trials) == len(hits)
    assert run_all(stack, trials, tmp_path, lambda *_: None) == {}


def test_trials_are_every_hit_and_action_of_every_site():
    trials = make_trials({"a/x": 5, "b/y": 1}, ["crash", "error"], 2)
    assert trials == [
        Trial("a/x", 1, "crash"),
        Trial("a/x", 1, "error"),
        Trial("a/x", 2, "crash"),
        Trial("a/x", 2, "error"),
        Trial("b/y", 1, "crash"),
        Trial("b/y", 1, "error"),
    ]


def test_no_error_is_injected_where_nothing_throws():
    assert make_trials({"kafka/handed-over": 1}, ["error"], 1) == []
