"""
A process that imports, to be killed: `python importing_process.py FILE FIRST KEY`.

Import after import, each a revision with a secret of the same number, and a word for each that returned.
"""

import asyncio
import os
import sys

from webhook_engine.store import Store
from webhook_engine.testing.store.common import TENANT, definitions


async def main(path, first, key):
    async with Store.open(f"sqlite:///{path}", (key,)) as store:
        os.write(1, b"open\n")
        number = first
        while True:
            many = [f"w{number}-{n}" for n in range(20)]
            saved = await store.definitions.save(
                TENANT, definitions(*many, key=f'"secret-{number}"'), by=f"import {number}"
            )
            # Straight to the kernel: what is said survives the kill.
            os.write(1, f"{saved.entry.number} {number}\n".encode())
            number += 1


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
