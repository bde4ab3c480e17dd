"""
An agent's screen, as docs/pops.md tells its authors to write one; and calls to put on it.
"""

from datetime import UTC, datetime, timedelta

from webhook_engine.responses import AgentView, Column, Outcome
from webhook_engine.variables import CallContext, CallEvent

BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def event(moment, agent="100-E", *, at=0, call="call-1", **facts):
    """
    Something that happens *at* seconds after eight o'clock.
    """
    context = CallContext(extension=agent, sip_id=call, at=BEGIN, **facts)
    when = BEGIN + timedelta(seconds=at)
    return CallEvent(moment, context, at=when)


def view(*cells, **others):
    """
    A table of one column.
    """
    return AgentView(
        outcome=Outcome.OK,
        sentence=f"Found {len(cells)} records",
        columns=(Column(path="name", label="Customer", link="Contact page"),),
        rows=tuple((cell,) for cell in cells),
        **others,
    )


class Screen:
    """
    What one agent sees, made of nothing but the messages of their stream.
    """

    def __init__(self, board, agent):
        self.board, self.agent = board, agent
        self.open = {}
        self.last_id = None
        self.withdrawn = set()
        """Ids of pops that are not to be seen again."""

    def catch_up(self):
        """
        Connect, read everything there is, and lose the connection again.
        """
        messages = self.board.since(self.agent, self.last_id)
        for message in messages:
            assert message.agent == self.agent
            self.read(message)
        return [message.news.event for message in messages]

    def read(self, message):
        self.last_id = message.id
        data = message.news.to_json()
        if message.news.event == "snapshot":
            self.open = {each["pop"]: (each["event"], each) for each in data["pops"]}
        elif message.news.event in {"moved", "withdrawn"}:
            assert data["pop"] in self.open, f"{data} closes what was not open"
            del self.open[data["pop"]]
            if message.news.event == "withdrawn":
                self.withdrawn.add(data["pop"])
        else:
            self._upsert(message.news.event, data)

    def _upsert(self, kind, data):
        before = self.open.get(data["pop"])
        if before is None:
            assert data["pop"] not in self.withdrawn, f"{data} was withdrawn before"
        else:
            assert (kind, data) != before, f"{data} was shown twice"
            assert kind == "table", f"{data} is no update"
        self.open[data["pop"]] = (kind, data)

    def contents(self):
        """
        Webhook and what is shown of it, for each pop, by id.
        """
        return {
            pop: (data["webhook"], data["parameter"], data.get("url"), data.get("view"))
            for pop, (_, data) in self.open.items()
        }


def on_the_board(board, agent):
    """
    The same, by the board's own account.
    """
    return {
        pop.id: (pop.webhook, pop.parameter, pop.url if pop.view is None else None, pop.view)
        for pop in board.open_pops(agent)
    }
