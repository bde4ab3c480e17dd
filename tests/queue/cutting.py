"""
A network between a process and its server that can be cut at a chosen moment.
"""

import asyncio
from contextlib import suppress


class Network:
    """
    Forwards to a server on loopback. After `cut_after(word)` the first connection that sends the word reaches
    the server with it, and never hears an answer: all connections end when the server has answered.
    """

    def __init__(self, port):
        self._server_port = port
        self._word = None
        self._writers = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._lost = []
        self.cuts = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self._cut()
        for each in (*self._lost, self._flows):
            each.set()
        await asyncio.sleep(0.05)

    def cut_after(self, word):
        self._word = word.encode()

    def stall(self):
        """
        From now on nothing arrives on either side, and nobody is told.
        """
        self._flows.clear()

    def flow(self):
        self._flows.set()

    def lose(self):
        """
        On the connections that there are nothing arrives any more; new ones are as they should be.
        """
        self._flows.clear()
        self._lost.append(self._flows)
        self._flows = asyncio.Event()
        self._flows.set()

    def cut(self):
        """
        All connections end now.
        """
        self.cuts += 1
        self._cut()

    def _cut(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader, writer):
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._server_port)
            self._writers |= {writer, back}
            state = {"armed": False, "flows": self._flows}
            await asyncio.gather(self._send(reader, back, state), self._answer(there, writer, state))
        for each in (writer, back):
            each.transport.abort()
            self._writers.discard(each)

    async def _send(self, reader, back, state):
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self._word is not None and self._word in data:
                    self._word, state["armed"] = None, True
                await state["flows"].wait()
                back.write(data)
                await back.drain()
        back.transport.abort()

    async def _answer(self, there, writer, state):
        with suppress(OSError):
            while data := await there.read(65_536):
                if state["armed"]:
                    # It did what was asked, and says so; nobody hears it.
                    self.cuts += 1
                    self._cut()
                    return
                await state["flows"].wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
