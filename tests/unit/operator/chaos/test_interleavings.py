"""Anything in any order, by Hypothesis: whatever people, Jobs, pods and the operator's death do, what must hold holds at each write, and
once nothing is in the way any more the loop reaches what is wished for.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.operator.objects import Call
from tests.support.operator.world import NAMESPACE, OperatorDiedError
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import MINUTE, ROLLOUT
from tests.unit.operator.chaos.oracle import Oracle, unfinished
from vinymatic_operator.errors import KubeConflictError, KubeError, KubeThrottledError, KubeUnavailableError
from vinymatic_operator.kube.resources import BACKUPS, JOBS, RESTORES
from vinymatic_operator.observe.reading import name_of
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

pytestmark = pytest.mark.unit

SPEC: Json = {
    "rollout": ROLLOUT,
    "retraining": {"images": 1_000},
    "compaction": {"intervalMinutes": 5},
    "backup": {
        "prefix": "backup",
        "schedule": "*/30 * * * *",
        "retention": {"count": 2},
        "drill": {"schedule": "10 * * * *"},
    },
}


class Lives(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = Disturbed(SPEC)
        self.oracle = Oracle(self.world, self._after)
        # The fault comes after so many calls; never, when below 0.
        self.fails_in = -1
        self.fault: BaseException = OperatorDiedError()
        self.asked = 0

    def _after(self, _: Call) -> None:
        self.fails_in -= 1
        if self.fails_in == 0:
            raise self.fault

    # ---- what goes on by itself

    @rule(looks=st.integers(1, 4))
    def the_operator_looks(self, looks: int) -> None:
        for _ in range(looks):
            self.world.look()

    @rule()
    def controllers_do_a_step(self) -> None:
        self.world.controllers()

    @rule(seconds=st.sampled_from([1, 30, 61, 130, 600, 3_700]))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(minutes=st.integers(1, 6))
    def all_goes_on_for_a_while(self, minutes: int) -> None:
        self.world.pass_time(minutes * MINUTE, MINUTE)

    # ---- what people do

    @rule(images=st.sampled_from([1, 400, 1_000]))
    def images_are_ingested(self, images: int) -> None:
        self.world.index.ingest(images)

    @rule(what=st.sampled_from([RETRAIN_AT, PROMOTE_AT, ROLLBACK_AT]))
    def somebody_asks(self, what: str) -> None:
        self.asked += 1
        self.world.annotate(what, f"request {self.asked}")
        if what == ROLLBACK_AT:
            self.oracle.forgiving = True

    @rule()
    def somebody_wants_a_backup(self) -> None:
        self.asked += 1
        self.world.create(BACKUPS, f"by-hand-{self.asked}", {})

    @rule(elsewhere=st.booleans(), source=st.booleans())
    def somebody_wants_a_restore(self, elsewhere: bool, source: bool) -> None:
        self.asked += 1
        backups = sorted(name_of(body) for body in self.world.objects.all(BACKUPS))
        spec: Json = {"source": {"backup": backups[-1]} if source and backups else {}}
        if elsewhere:
            spec["target"] = {"prefix": f"elsewhere-{self.asked}"}
        self.world.create(RESTORES, f"back-{self.asked}", spec)

    @rule(paused=st.booleans())
    def somebody_pauses_or_resumes(self, paused: bool) -> None:
        self.world.change_spec(paused=paused)

    @rule(suspend=st.booleans(), keep=st.booleans(), parallelism=st.sampled_from([1, 4]))
    def somebody_changes_retraining(self, suspend: bool, keep: bool, parallelism: int) -> None:
        wish: Json = {"images": 1_000, "suspend": suspend, "keepPrevious": keep, "parallelism": parallelism}
        self.world.change_spec(retraining=wish)

    @precondition(lambda self: self.world.job_names())
    @rule(at=st.integers(0, 100))
    def somebody_deletes_a_job(self, at: int) -> None:
        names = self.world.job_names()
        self.world.objects.remove(JOBS, NAMESPACE, names[at % len(names)])

    # ---- what goes wrong

    @rule(passes=st.booleans())
    def gates_pass_or_do_not(self, passes: bool) -> None:
        self.world.index.passes = passes

    @rule(
        step=st.sampled_from(["train", "encode", "gate", "promote", "rollback", "backup", "drill", "restore", "retire"])
    )
    def a_step_will_fail(self, step: str) -> None:
        self.world.index.fails[step] = 1

    @rule()
    def the_next_epoch_will_not_come_up(self) -> None:
        self.world.bad_epochs.add(self.world.index.state.next_epoch)

    @rule()
    def the_next_epoch_will_fail_searches(self) -> None:
        self.world.failing_epochs.add(self.world.index.state.next_epoch)

    @rule(calls=st.integers(1, 12))
    def the_operator_will_die(self, calls: int) -> None:
        self.fails_in, self.fault = calls, OperatorDiedError()

    @rule(calls=st.integers(1, 12), kind=st.sampled_from([KubeConflictError, KubeUnavailableError, KubeThrottledError]))
    def an_answer_will_be_lost(self, calls: int, kind: type[KubeError]) -> None:
        self.fails_in, self.fault = calls, kind("as the test wants it")

    @rule()
    def another_operator_is_started_or_ended(self) -> None:
        if len(self.world.operators) > 1:
            self.world.operators.pop()
        else:
            self.world.add_operator()

    @rule()
    def the_api_is_made_anew(self) -> None:
        self.oracle.api_is_new()
        self.world.replace_api()

    @precondition(lambda self: self.world.index.backups)
    @rule()
    def the_index_is_lost(self) -> None:
        self.world.index.lost = True

    @rule(minutes=st.integers(1, 5))
    def watches_are_cut_off(self, minutes: int) -> None:
        self.world.deaf_until = self.world.now + minutes * MINUTE
        self.world.hear()

    # ---- what must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.oracle.look()
        assert self.oracle.found == []

    def teardown(self) -> None:
        """Nothing is in the way any more."""
        world = self.world
        self.fails_in = -1
        world.index.passes, world.index.fails = True, {}
        world.bad_epochs, world.failing_epochs = set(), set()
        world.change_spec(paused=False, backup={"prefix": "backup"})
        world.deaf_until = world.now
        if world.index.lost:
            world.create(RESTORES, "back-at-last", {})
        world.pass_time(timedelta(hours=5), 5 * MINUTE)
        assert (self.oracle.found, unfinished(world)) == ([], [])


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=20, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
