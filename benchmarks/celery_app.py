"""
The same delivery as a careful author writes it with Celery, Redis and requests.

Started by `benchmarks.celery`, which says in the environment where Redis and the target are.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import requests
from celery import Celery

if TYPE_CHECKING:
    from collections.abc import Mapping

REDIS, TARGET = "BENCHMARK_REDIS", "BENCHMARK_TARGET"

app = Celery("benchmarks", broker=f"{os.environ[REDIS]}/0", backend=f"{os.environ[REDIS]}/1")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
)
_own = threading.local()


@app.task(autoretry_for=(requests.RequestException,), retry_backoff=True, max_retries=5)
def deliver(event: Mapping[str, Any]) -> int | None:
    """
    POST one event; its status is the record.
    """
    call = event["call"]
    if call.get("CALL_QUEUE") == "Internal":
        return None
    body = {
        "phone": f"+27{call['CALLERID_NUMBER'][1:]}",
        "name": call.get("CALLERID_NAME", ""),
        "outcome": call.get("CALL_OUTCOME", ""),
        "notes": call.get("CALL_NOTES", ""),
        "seconds": call.get("CALL_DURATION", 0),
    }
    response = _session().post(
        os.environ[TARGET], json=body, headers={"Idempotency-Key": event["id"]}, timeout=30
    )
    response.raise_for_status()
    return response.status_code


def _session() -> requests.Session:
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
        # It looks for proxies and credentials anew for each request otherwise.
        _own.session.trust_env = False
    session: requests.Session = _own.session
    return session
