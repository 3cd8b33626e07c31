"""The background clock (APScheduler): wakes for due timers and unsent messages."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from engine import clock, notifications, timers
from engine.database import Database
from engine.settings import Settings

log = logging.getLogger(__name__)

#: How often to look without an alarm, in case another process has armed a timer.
TIMER_SWEEP_INTERVAL = timedelta(seconds=30)
#: A timer fires strictly after its due instant.
_JUST_AFTER = timedelta(milliseconds=5)
#: After a sweep that left a due timer (somebody else has its case), how long until the next look.
_SOON = timedelta(seconds=1)
_SWEEP, _ALARM = "sweep", "alarm"


class Clock:
    """
    Fires due timers and delivers messages in the background of one process, from ``start`` to ``stop``.

    Due times live in the database. Any number of processes may run a clock over one database.
    """

    def __init__(
        self, database: Database, settings: Settings, interval: timedelta = TIMER_SWEEP_INTERVAL
    ) -> None:
        self._database, self._settings, self._interval = database, settings, interval
        # One thread: a sweep and an alarm never work at the same time.
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self) -> None:
        """Begin at once, in a thread of its own."""
        self._scheduler.add_job(
            self.sweep,
            "interval",
            seconds=self._interval.total_seconds(),
            id=_SWEEP,
            next_run_time=clock.now(),
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the sweep that is running, and end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def sweep(self) -> None:
        """Fire what is due, mail what waits, and set the alarm for the next timer."""
        try:
            timers.fire_due(self._database)
            notifications.deliver(self._database, self._settings)
            with self._database.reading() as uow:
                due = timers.next_due(uow)
        except Exception:  # a database that is away for a moment must not end the clock
            log.exception("sweep failed")
            return
        self._set_alarm(due)

    def _set_alarm(self, due: datetime | None) -> None:
        if due is None or due > clock.now() + self._interval or not self._scheduler.running:
            return
        at = due + _JUST_AFTER if due > clock.now() else clock.now() + _SOON
        self._scheduler.add_job(self.sweep, "date", run_date=at, id=_ALARM, replace_existing=True)


def start(database: Database, settings: Settings) -> Clock:
    """Start a clock in the background; the caller stops it."""
    made = Clock(database, settings)
    made.start()
    return made


def run(database: Database, settings: Settings) -> None:
    """Run a clock until SIGTERM or Ctrl-C; what is being fired is finished first."""
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    made = start(database, settings)
    ended.wait()
    made.stop()


def run_once(database: Database, settings: Settings) -> int:
    """Fire every timer that is due now and mail what waits; return how many timers fired."""
    fired = 0
    while count := timers.fire_due(database):
        fired += count
    notifications.deliver(database, settings)
    return fired
