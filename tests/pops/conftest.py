"""
Boards that name themselves the same in every run.
"""

import pytest

from webhook_engine.pops import PopBoard


@pytest.fixture
def board():
    return PopBoard(epoch="e")


@pytest.fixture
def told(board):
    """
    Everything the board says, as it says it: agent and event, then the data.
    """
    heard = []
    board.listen(lambda message: heard.append((message.agent, message.news.event, message.news.to_json())))
    return heard
