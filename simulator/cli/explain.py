"""``vnetsim explain [NET] SRC DST:PORT``, or with the options of ``az network watcher test-ip-flow``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import load_network_or_default, read_change
from simulator.cli.options import StrictOption, verb
from simulator.cli.questions import find_nic
from simulator.cli.session import Session
from simulator.errors import QuestionError

if TYPE_CHECKING:
    from simulator.network.model import Network
    from simulator.walk.explain import FlowVerification
    from simulator.walk.trace import Trace


class Way(StrEnum):
    """The direction as az spells it."""

    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


WordsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NET] SRC DST[:PORT[/PROTOCOL]]",
        help="Names (VM, NIC, subnet, load balancer, private endpoint, on-premises host, service as in st01.blob), "
        "addresses, prefixes, service tags, or onprem:ADDRESS; an IPv6 address with a port goes in brackets.",
        show_default=False,
    ),
]


@verb
def command(
    session: Session,
    words: WordsArgument = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="tcp, udp, icmp, esp or ah.")] = None,
    source_port: Annotated[int | None, typer.Option("--source-port", min=0, max=65535)] = None,
    direction: Annotated[
        Way | None, typer.Option("--direction", case_sensitive=False, help="As az network watcher test-ip-flow has it.")
    ] = None,
    local: Annotated[str | None, typer.Option("--local", help="ADDRESS:PORT at the VM.")] = None,
    remote: Annotated[str | None, typer.Option("--remote", help="ADDRESS:PORT at the other end.")] = None,
    nic: Annotated[str | None, typer.Option("--nic", "--vm", help="The VM or NIC, if --local is not enough.")] = None,
    change: Annotated[
        str | None, typer.Option("--change", metavar="CHANGE", help="Ask the network after this change (YAML).")
    ] = None,
    strict: StrictOption = False,
) -> int:
    """Say what happens to one packet and why.

    Every layer at every hop, there and back. Without NET the scenario that ships with vnetsim is asked.

    With --direction, --local and --remote it takes the question of az network watcher test-ip-flow and prints Azure's
    answer, access and ruleName, before the whole story.
    """
    import simulator
    from simulator.cost.per_gb import cost_per_gb
    from simulator.cost.price_sheet import PriceSheet
    from simulator.report.trace import trace_report
    from simulator.walk.reasons import Verdict

    words = words or []
    verification = None
    if direction or local or remote or nic:
        network = _network(session, _only_network(words), change)
        trace, verification = _ask_like_az(network, direction, protocol, local, remote, nic)
    else:
        path, source, destination = _question(words)
        network = _network(session, path, change)
        trace = simulator.explain(network, source, destination, protocol=protocol, source_port=source_port)
    sheet = PriceSheet.default()
    session.write(trace_report(trace, verification, cost_per_gb(network, trace.question, sheet), sheet.currency))
    return Exit.INPUT if strict and trace.prediction.verdict == Verdict.UNKNOWN else Exit.OK


def _network(session: Session, path: str | None, change: str | None) -> Network:
    import simulator

    network = load_network_or_default(session, path)
    if change is None:
        return network
    return simulator.build_network(read_change(change).apply(network.as_read), network.assumptions)


def _question(words: list[str]) -> tuple[str | None, str, str]:
    if len(words) not in (2, 3):
        raise typer.BadParameter(f"expected [NET] SRC DST:PORT, got {len(words)} words")
    *path, source, destination = words
    return path[0] if path else None, source, destination


def _only_network(words: list[str]) -> str | None:
    if len(words) > 1:
        raise typer.BadParameter("with --direction, --local and --remote only NET may be given beside them")
    return words[0] if words else None


def _ask_like_az(
    network: Network,
    direction: Way | None,
    protocol: str | None,
    local: str | None,
    remote: str | None,
    nic: str | None,
) -> tuple[Trace, FlowVerification]:
    """IP flow verify for the NIC that has the local address, and the same packet end to end."""
    import simulator

    given = {"--direction": direction, "--protocol": protocol, "--local": local, "--remote": remote}
    missing = [name for name, value in given.items() if value is None]
    if direction is None or protocol is None or local is None or remote is None:
        raise typer.BadParameter(f"IP flow verify also needs {', '.join(missing)}")
    own_address = (local.rpartition(":")[0] or local).strip("[]")
    if nic is not None:
        _require_own_address(network, nic, own_address)
    verification = simulator.ip_flow_verify(network, nic or own_address, direction.value, protocol, local, remote)
    source, destination = (local, remote) if direction is Way.OUTBOUND else (remote, local)
    host, _, port = source.rpartition(":")
    trace = simulator.explain(
        network, host, destination, protocol=protocol, source_port=int(port) if port.isdigit() else None
    )
    return trace, verification


def _require_own_address(network: Network, nic: str, address: str) -> None:
    """--vm beside --local must mean the same machine, or the answer would be about neither."""
    endpoint = find_nic(network, nic)
    if endpoint.addresses and address not in endpoint.addresses:
        hint = f"its addresses are {', '.join(endpoint.addresses)}"
        raise QuestionError(f"{address} is not an address of {endpoint.name}", code="VNS5018", hint=hint)
