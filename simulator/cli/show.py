"""``vnetsim show``: what Azure would print about a network, without asking Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.exits import Exit
from simulator.cli.loading import assumptions as assumed
from simulator.cli.loading import load_network, load_network_or_default
from simulator.cli.options import NETWORK_HELP, NetworkArgument, verb
from simulator.cli.questions import find_nic, find_place, require_subnet
from simulator.cli.session import Session
from simulator.errors import QuestionError

if TYPE_CHECKING:
    from simulator.azure.resource import ResourceId
    from simulator.network.model import Network
    from simulator.space.addresses import Prefix

app = typer.Typer(
    help="Show what Azure would print of a network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NicArgument = Annotated[
    str, typer.Argument(metavar="NIC", help="A NIC or VM by name, private address or resource id.", show_default=False)
]
PlaceArgument = Annotated[
    str, typer.Argument(metavar="NIC|SUBNET", help="A NIC or VM, or a subnet as vnet/subnet.", show_default=False)
]
#: Tags whose addresses depend on where they are read.
_LOCAL_TAGS = ("virtualnetwork", "internet")


@verb
def topology(session: Session, network: NetworkArgument) -> int:
    """Virtual networks, peerings, subnets, endpoints and gateways."""
    from simulator.report.topology import topology_report

    session.write(topology_report(load_network(session, network)))
    return Exit.OK


@verb
def effective_routes(session: Session, network: NetworkArgument, place: PlaceArgument) -> int:
    """The effective route table, as az network nic show-effective-route-table prints it."""
    from simulator.azure.virtual_network import Subnet
    from simulator.network.effective_routes import is_propagation_disabled, subnet_routes
    from simulator.report.effective_routes import effective_routes_report

    loaded = load_network(session, network)
    found = find_place(loaded, place)
    subnet = found.id if isinstance(found, Subnet) else found.subnet
    disabled = is_propagation_disabled(loaded, subnet)
    session.write(effective_routes_report(place, subnet_routes(loaded, subnet), propagation_disabled=disabled))
    return Exit.OK


@verb
def effective_rules(session: Session, network: NetworkArgument, nic: NicArgument) -> int:
    """The effective security rules of a NIC, as az network nic list-effective-nsg prints them.

    The table and CSV begin with the security admin rules that are asked before the groups; az's JSON has none of them.
    """
    import simulator
    from simulator.report.effective_rules import admin_rules_asked, effective_rules_report

    loaded = load_network(session, network)
    endpoint = find_nic(loaded, nic)
    rules = simulator.effective_security_rules(loaded, endpoint.id)
    session.write(effective_rules_report(nic, rules, admin=admin_rules_asked(loaded, endpoint)))
    return Exit.OK


@verb
def encryption(session: Session, network: NetworkArgument) -> int:
    """Which pairs of subnets are encrypted, and what keeps the others from it.

    Judges every leg of the way that routes give, there and back; filters are not asked.
    """
    from simulator.report.encryption import encryption_report
    from simulator.walk.subnet_encryption import subnet_encryption

    loaded = load_network(session, network)
    session.write(encryption_report(loaded.snapshot.name, subnet_encryption(loaded)))
    return Exit.OK


@verb
def tags(
    session: Session,
    words: Annotated[
        list[str],
        typer.Argument(metavar="[NET] NAME", help="A service tag, such as Storage.WestEurope.", show_default=False),
    ],
    subnet: Annotated[
        str | None,
        typer.Option("--subnet", help="Where the tag is read: VirtualNetwork and Internet differ by subnet."),
    ] = None,
) -> int:
    """The addresses of a service tag, as dated in the data that ships with vnetsim or as NET declares it."""
    from simulator.report.tags import tag_report

    if len(words) > 2:
        raise typer.BadParameter(f"expected [NET] NAME, got {len(words)} words")
    *path, name = words
    network = load_network_or_default(session, path[0] if path else None)
    place = require_subnet(network, subnet) if subnet is not None else None
    prefixes = _prefixes(network, name, place.id if place else None)
    session.write(tag_report(name, prefixes, subnet=f"{place.id.parent.name}/{place.name}" if place else None))
    return Exit.OK


@verb
def assumptions(
    session: Session,
    network: Annotated[str | None, typer.Argument(metavar="[NET]", help=NETWORK_HELP, show_default=False)] = None,
) -> int:
    """What is taken for granted where Azure's documentation leaves it open: each key, its default, both readings.

    The value in force is that of --assume, else that of NET, else the default.
    """
    from simulator.report.assumptions import assumptions_report

    said = assumed(session) if network is None else load_network(session, network).assumptions
    session.write(assumptions_report(said))
    return Exit.OK


def _prefixes(network: Network, name: str, subnet: ResourceId | None) -> tuple[Prefix, ...]:
    """The tag's addresses. Raises QuestionError (VNS5013, VNS5014) for a tag nobody knows or that lacks its subnet."""
    from simulator.data import service_tags
    from simulator.network.service_tags import internet_tag, tag_prefixes, virtual_network_tag
    from simulator.sources.problems import did_you_mean

    if name.lower() in _LOCAL_TAGS:
        if subnet is None:
            message, hint = f"{name} holds other addresses on every subnet", "say where: --subnet vnet/subnet"
            raise QuestionError(message, code="VNS5014", hint=hint)
        read = virtual_network_tag if name.lower() == "virtualnetwork" else internet_tag
        return read(network, subnet)
    prefixes = tag_prefixes(network, name)
    if prefixes is None:
        service, _, region = name.lower().partition(".")
        known = [*service_tags.names(), *network.snapshot.declarations.service_tags]
        regional = [tag for tag in known if region and tag.lower().startswith(f"{service}.")]
        hint = did_you_mean(name, regional or [tag for tag in known if "." not in tag])
        raise QuestionError(f"no service tag is called {name!r}", code="VNS5013", hint=hint)
    return prefixes


for _name, _command in (
    ("topology", topology),
    ("effective-routes", effective_routes),
    ("effective-rules", effective_rules),
    ("encryption", encryption),
    ("tags", tags),
    ("assumptions", assumptions),
):
    app.command(_name)(_command)
