"""
Rule sets under test: the calls of `[[test]]` played through the engine, with canned answers and nothing sent.

    TestCase --play--> Played --judge--> Failure, Failure, ...   none where all is as expected
"""

from webhook_engine.testing.rehearsal.judging import Failure
from webhook_engine.testing.rehearsal.rehearse import (
    Rehearsal,
    Report,
    TestResult,
    rehearse,
    rehearse_now,
)

__all__ = ["Failure", "Rehearsal", "Report", "TestResult", "rehearse", "rehearse_now"]
