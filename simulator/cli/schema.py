"""``vnetsim schema``: the JSON Schema of scenario files, for editors that complete and check YAML."""

from __future__ import annotations

from simulator.cli.exits import Exit
from simulator.cli.options import verb_without
from simulator.cli.session import Session


@verb_without("output", "assume")
def command(session: Session) -> int:
    """Print the JSON Schema of scenario files."""
    import json

    from simulator.sources.scenario import scenario_schema

    session.write_text(json.dumps(scenario_schema(), indent=2) + "\n")
    return Exit.OK
