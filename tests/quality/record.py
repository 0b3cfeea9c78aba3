"""Write down what every planted fault shrinks to: python -m quality.record (in tests/), after a change to shrinking."""

import json
from pathlib import Path

from quality.faults import FAULTS
from quality.hunt import look_for, minimum, said

MINIMA = Path(__file__).with_name("minima.json")


def main() -> None:
    """Search for every fault and rewrite minima.json."""
    minima = {}
    for fault in FAULTS:
        minima[fault.name] = minimum(look_for(fault))
        print(f"{fault.name:30}{said(minima[fault.name]['case'])}", flush=True)
    MINIMA.write_text(json.dumps(minima, indent=1) + "\n")


if __name__ == "__main__":
    main()
