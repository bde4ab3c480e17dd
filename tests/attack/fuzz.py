"""
Looks for what the readers do not expect, led by which of their lines an input reaches (atheris, libFuzzer).

    python -m tests.attack.fuzz template --seconds 300      # one, into build/fuzz/template
    python -m tests.attack.fuzz --seconds 30                # each of them for so long

What breaks one is kept in build/fuzz/crash-…; put it in tests/attack/corpus/<reader>/, where `make test` reads it.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).with_name("corpus")
FOUND = ROOT / "build" / "fuzz"

LONGEST_BYTES = 4096
LONGEST_S = 20
"""For one input; each takes milliseconds where nothing is squared, and ten times as long where each line is watched."""

MEGABYTES = 2048


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader", nargs="?", help="which; all, one after the other, where left out")
    parser.add_argument("--seconds", type=int, default=60, help="for each (60)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.here:
        _look(told.reader, told.seconds)
    from tests.attack.readers import READERS

    wrong = []
    for name in [told.reader] if told.reader else READERS:
        words = [sys.executable, "-m", "tests.attack.fuzz", name, "--seconds", str(told.seconds), "--here"]
        # libFuzzer ends its process by itself, so each has one of its own.
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, errors="replace")
        print(f"{name}: {_summary(done.stderr)}", flush=True)
        if done.returncode:
            wrong.append(name)
            print(done.stdout[-4000:] + done.stderr[-4000:], flush=True)
    sys.exit(f"found something: {', '.join(wrong)}" if wrong else 0)


def _summary(said):
    lines = [line for line in said.splitlines() if line.startswith(("#", "Done "))]
    return " ".join(lines[-2:])


def _look(name, seconds):
    import atheris

    with atheris.instrument_imports(include=["webhook_engine", "jinja2", "tomllib", "csv"]):
        from tests.attack.readers import SEEDS, read

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, ())):
        (found / f"seed-{number}").write_bytes(seed)
    seeds = CORPUS / name
    words = [
        sys.argv[0],
        str(found),
        *([str(seeds)] if seeds.is_dir() else []),
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_BYTES}",
        f"-timeout={LONGEST_S}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={FOUND}/{name}-",
        "-print_final_stats=1",
    ]
    atheris.Setup(words, lambda data: read(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
