"""
`python worker.py` is `webhook-engine worker`.
"""

import sys

from webhook_engine.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "worker")
    main()
