"""
The keyboard ends a command at any moment, and without a traceback.
"""

from __future__ import annotations

import builtins

import pytest

from webhook_engine.cli import main


def test_it_ends_before_it_has_begun(monkeypatch):
    """
    While its parts are still being loaded, which takes as long as somebody takes to change their mind.
    """
    real = builtins.__import__

    def interrupted(name, *arguments, **options):
        if name == "webhook_engine.cli.app":
            raise KeyboardInterrupt
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()

    assert 130 == ended.value.code
