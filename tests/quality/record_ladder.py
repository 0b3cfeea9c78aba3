"""Write down which rung catches which fault: python -m quality.record_ladder (in tests/), after a change to either."""

import json
from pathlib import Path

from quality.ladder import RUNGS, SUBJECTS, climb

LADDER = Path(__file__).with_name("ladder.json")


def main() -> None:
    """Search every rung for every fault and rewrite ladder.json."""
    ladder = {}
    for name, subject in SUBJECTS.items():
        ladder[name] = climb(subject)
        print(f"{name:36}{'  '.join(f'{rung} {ladder[name][rung]}' for rung in RUNGS)}", flush=True)
    LADDER.write_text(json.dumps(ladder, indent=1) + "\n")


if __name__ == "__main__":
    main()
