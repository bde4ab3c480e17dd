"""
A process that holds a store: `python holder_process.py FILE`. It says "open" and waits to be ended.
"""

import asyncio
import os
import sys

from webhook_engine.store import Store


async def main(path):
    async with Store.open(f"sqlite:///{path}"):
        os.write(1, b"open\n")
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
