"""The background clock (APScheduler): wakes for due timers and unsent messages."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from engine import clock, mail, timers
from engine.database import Database
from engine.errors import Unavailable
from engine.settings import Settings

log = logging.getLogger(__name__)

#: How often to look without an alarm, in case another process has armed a timer.
TIMER_SWEEP_INTERVAL = timedelta(seconds=30)
#: A timer fires strictly after its due instant.
_JUST_AFTER = timedelta(milliseconds=5)
#: After a sweep that left a due timer (somebody else has its case), how long until the next look.
_SOON = timedelta(seconds=1)
_SWEEP, _ALARM, _MAIL = "sweep", "alarm", "mail"


class Clock:
    """
    Fires due timers and mails messages in the background of one process, from ``start`` to ``stop``.

    Due times live in the database. Any number of processes may run a clock over one database. A mail server
    that takes its time holds up no timer.
    """

    def __init__(
        self, database: Database, settings: Settings, interval: timedelta = TIMER_SWEEP_INTERVAL
    ) -> None:
        self._database, self._settings, self._interval = database, settings, interval
        self._is_ending = threading.Event()
        self._arming = threading.Lock()  # the scheduler cannot be shut down while an alarm is being set
        # One thread each: a sweep and an alarm never work at the same time.
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1), _MAIL: ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self) -> None:
        """Begin at once, in threads of its own."""
        now_and_then = {"seconds": self._interval.total_seconds(), "next_run_time": clock.now()}
        self._scheduler.add_job(self.sweep, "interval", id=_SWEEP, **now_and_then)
        if self._settings.mail is not None:
            self._scheduler.add_job(self.post, "interval", id=_MAIL, executor=_MAIL, **now_and_then)
        self._scheduler.start()

    def stop(self) -> None:
        """Finish the timer and the mail that are being done, and end."""
        with self._arming:
            self._is_ending.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def sweep(self) -> None:
        """Fire what is due, and set the alarm for the next timer."""
        try:
            timers.fire_due(self._database, is_ending=self._is_ending.is_set)
            with self._database.reading() as uow:
                due = timers.next_due(uow)
        except Unavailable as error:
            log.warning("timers wait for the database", extra={"reason": error.reason})
        except Exception:  # whatever it is must not end the clock
            log.exception("sweep failed")
        else:
            self._set_alarm(due)

    def post(self) -> None:
        """Mail what waits."""
        try:
            mail.deliver(self._database, self._settings.mail, is_ending=self._is_ending.is_set)
        except Unavailable as error:
            log.warning("mails wait for the database", extra={"reason": error.reason})
        except Exception:  # whatever it is must not end the clock
            log.exception("mailing failed")

    def _set_alarm(self, due: datetime | None) -> None:
        if due is None or due > clock.now() + self._interval:
            return
        at = due + _JUST_AFTER if due > clock.now() else clock.now() + _SOON
        with self._arming:
            if not self._is_ending.is_set():
                self._scheduler.add_job(self.sweep, "date", run_date=at, id=_ALARM, replace_existing=True)


def run(database: Database, settings: Settings) -> None:
    """Run a clock until SIGTERM or Ctrl-C; what is being fired is finished first."""
    made = Clock(database, settings)
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    made.start()
    ended.wait()
    made.stop()


def run_once(database: Database, settings: Settings) -> tuple[int, int]:
    """Fire every timer that is due now and mail what waits; return how many timers and messages."""
    fired = 0
    while count := timers.fire_due(database):
        fired += count
    return fired, mail.deliver(database, settings.mail)
