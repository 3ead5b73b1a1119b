"""One look at one index: observe, plan, act, tell."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from pydantic import ValidationError

from vinymatic.logs import line
from vinymatic_operator.act.actor import Actor
from vinymatic_operator.act.objects import event_object
from vinymatic_operator.errors import KubeDeniedError, KubeError, KubeInvalidError, KubeNotFoundError
from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import EVENTS, INDEXES, JOBS
from vinymatic_operator.metrics import Metrics
from vinymatic_operator.observe.gathering import Gathering
from vinymatic_operator.observe.reading import annotations_of
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.plan.actions import Action, Plan, Problem, RecordResult
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.names import RESULT
from vinymatic_operator.status.build import build_status
from vinymatic_operator.status.events import Event, ended_event, event_of, turned
from vinymatic_operator.ticking.gauges import count_job, show
from vinymatic_operator.ticking.orphans import tell_orphans

log = logging.getLogger(__name__)


class Tick:
    """Holds nothing about any index: all that it knows is in the cluster."""

    def __init__(
        self,
        kube: Kube,
        cache: Cache,
        gathering: Gathering,
        metrics: Metrics,
        tries: Tries,
        clock: Callable[[], datetime],
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._gathering = gathering
        self._actor = Actor(kube, cache)
        self._metrics = metrics
        self._tries = tries
        self._clock = clock

    def look(self, key: Key) -> bool:
        """True when something was done, and one should look again at once. Never raises `KubeError`: the next look may well succeed."""
        body = self._cache.get(INDEXES, *key)
        begun = monotonic()
        try:
            if body is None:
                self._gathering.forget(key)
                return tell_orphans(self._kube, self._cache, key, self._clock())
            observed = self._gathering.gather(body)
            done = self._reconcile(observed)
        except ValidationError as error:
            # An older CRD let it through. Its own schema would have said so at `kubectl apply`.
            log.error(line("unreadable", index="/".join(key), error=" ".join(str(error).split())))
            self._metrics.ticks.labels("unreadable").inc()
            return False
        except KubeError as error:
            log.warning(line("look_failed", index="/".join(key), code=error.code, error=error))
            self._metrics.ticks.labels("failed").inc()
            return False
        self._metrics.ticks.labels("acted" if done else "quiet").inc()
        self._metrics.tick_seconds.observe(monotonic() - begun)
        return done

    def _reconcile(self, observed: Observed) -> bool:
        now = self._clock()
        planned = plan(observed, now, self._tries)
        done, failure = False, None
        for action in planned.actions:
            self._metrics.planned.labels(type(action).__name__).inc()
            try:
                done = self._carry_out(observed, action, now) or done
            except KubeError as error:
                # The others are tried all the same: a quota for Jobs must not keep a status from being written.
                log.warning(
                    line(
                        "action_failed",
                        index=observed.place,
                        action=type(action).__name__,
                        code=error.code,
                        error=error,
                    )
                )
                failure = error
        if isinstance(failure, KubeInvalidError | KubeDeniedError):
            # A quota, an admission policy, a template that is not allowed: it does not go on by itself.
            planned = replace(planned, problems=(*planned.problems, Problem("Refused", str(failure))))
        self._tell(observed, planned, now)
        if failure is not None:
            raise failure
        return done

    def _carry_out(self, observed: Observed, action: Action, now: datetime) -> bool:
        if not self._actor.carry_out(observed, action, now):
            return False  # somebody was faster: what they did wakes us, and an object that is in the way must not be met in a loop
        self._metrics.done.labels(type(action).__name__).inc()
        log.info(line("action", index=observed.place, action=type(action).__name__, reason=action.reason))
        event = self._ended(observed, action, now) if isinstance(action, RecordResult) else event_of(action)
        if event is not None:
            self._post(observed, event, now)
        return True

    def _ended(self, observed: Observed, action: RecordResult, now: datetime) -> Event | None:
        body = self._cache.get(JOBS, observed.namespace, action.job)
        result = None if body is None else annotations_of(body).get(RESULT)
        job = next((found for found in observed.jobs if found.name == action.job), None)
        if result is None or job is None:
            return None
        count_job(self._metrics, job, result, now)
        return ended_event(observed, action.job, result)

    def _tell(self, observed: Observed, planned: Plan, now: datetime) -> None:
        for replica in observed.replicas:
            if replica.problem is not None:
                self._metrics.replica_errors.labels(replica.problem[0]).inc()
        status = build_status(observed, planned, now)
        show(self._metrics, observed, status)
        if status == observed.status or (observed.deleting and not observed.finalizers):
            return
        try:
            self._actor.write_status(observed, status)
        except KubeNotFoundError:  # deleted meanwhile
            return
        # After the status: one that cannot be written would tell the same Events again with every look.
        for event in turned(observed.status, status):
            self._post(observed, event, now)

    def _post(self, observed: Observed, event: Event, now: datetime) -> None:
        """An Event that is lost is no reason to stop: conditions say the same."""
        body = event_object(observed, event.kind, event.reason, event.message, now)
        try:
            self._kube.create(EVENTS, observed.namespace, body)
        except KubeError as error:
            log.warning(line("event_lost", index=observed.place, reason=event.reason, error=error))
