"""Run by the test, in the copy: leaves out one sibling of the connector at a time and prints what the check
says.
"""

from __future__ import annotations

import json
import sys

from connectors import pigeon
from tests.connectors import test_contract as contract


def main() -> None:
    said = {}
    for sibling, path in contract.SIBLINGS.items():
        file = contract.ROOT / path.format(platform=pigeon.PLATFORM)
        hidden = file.with_name(f"hidden-{file.name}")
        file.rename(hidden)
        try:
            contract.test_a_connector_has_every_sibling(pigeon, sibling)
            said[sibling] = "nothing"
        except AssertionError as missing:
            said[sibling] = str(missing)
        finally:
            hidden.rename(file)
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
