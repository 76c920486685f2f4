"""Members of the backend pools and NAT rules of load balancers, from whichever side names the other.

Learn: azure/load-balancer/backend-pool-management
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from simulator.azure.load_balancer import BackendAddress, BackendAddressPool, InboundNatRule, LoadBalancer
from simulator.azure.network_interface import IpConfiguration, NetworkInterface
from simulator.azure.resource import ResourceId
from simulator.azure.snapshot import Snapshot
from simulator.network.model import grouped
from simulator.network.public_addresses import spelled_addresses


class Member(Struct, frozen=True):
    """A NIC behind a pool. `by_address`: the pool lists the address rather than the NIC."""

    network_interface: ResourceId
    address: str
    by_address: bool = False


class Members(Struct, frozen=True):
    """Who is behind a pool or a NAT rule, by id and address. `is_complete`: the export holds all that are listed."""

    known: tuple[Member, ...]
    is_complete: bool


class BackendPools:
    """Pool, or NAT rule → its members. Reads the interfaces of the snapshot once."""

    def __init__(self, snapshot: Snapshot) -> None:
        interfaces = snapshot.network_interfaces
        self._interfaces = {nic.id: nic for nic in interfaces}
        self._naming = grouped(_naming(interfaces))
        self._holders = grouped(_holders(interfaces))

    def of_pool(self, balancer: LoadBalancer, pool: ResourceId) -> Members:
        """The members of one of the balancer's pools. A pool that it does not have is not complete."""
        held = next((one for one in balancer.backend_address_pools if one.id == pool), None)
        found = [*self._naming.get(pool, ())]
        if held is None:
            found.append(None)
        else:
            found += [self._of_configuration(one) for one in held.backend_ip_configurations]
            network = _home(balancer, held)
            addresses = held.load_balancer_backend_addresses
            # Azure lists a member given by NIC once more among the addresses, without an address. Alone, such an entry
            # is something else: a frontend of a regional load balancer behind a global one.
            if addresses and not found:
                found = [None] if not any(one.ip_address for one in addresses) else []
            found += [self._of_address(one, one.virtual_network or network) for one in addresses if one.ip_address]
        return _members(found)

    def of_nat_rule(self, rule: InboundNatRule) -> Members:
        """The NIC configuration behind the rule: at most one. Who has which port of a range is not known."""
        if rule.backend_address_pool is not None:
            return Members((), is_complete=False)
        configuration = rule.backend_ip_configuration
        named = [] if configuration is None else [self._of_configuration(configuration)]
        return _members([*self._naming.get(rule.id, ()), *named])

    def _of_configuration(self, configuration: ResourceId) -> Member | None:
        nic = self._interfaces.get(configuration.parent)
        wanted = configuration.name.lower()
        held = next((one for one in nic.ip_configurations if one.name.lower() == wanted), None) if nic else None
        return _member(nic, held) if nic and held else None

    def _of_address(self, given: BackendAddress, network: ResourceId | None) -> Member | None:
        """The NIC with the address in `network`; where no network is named, the only one that has it anywhere."""
        for address in spelled_addresses([given.ip_address]):
            holders = [nic for home, nic in self._holders.get(address, ()) if network in (home, None)]
            if len(holders) == 1:
                return Member(holders[0], address, by_address=True)
        return None


def _naming(interfaces: Iterable[NetworkInterface]) -> Iterator[tuple[ResourceId, Member | None]]:
    """(Pool or NAT rule, the member that names it)."""
    for nic in interfaces:
        for held in nic.ip_configurations:
            for target in (*held.load_balancer_backend_address_pools, *held.load_balancer_inbound_nat_rules):
                yield target, _member(nic, held)


def _holders(interfaces: Iterable[NetworkInterface]) -> Iterator[tuple[str, tuple[ResourceId, ResourceId]]]:
    """(Address, (VNet, NIC))."""
    for nic in interfaces:
        for held in nic.ip_configurations:
            for address in spelled_addresses([held.private_ip_address]):
                if held.subnet is not None:
                    yield address, (held.subnet.parent, nic.id)


def _member(nic: NetworkInterface, held: IpConfiguration) -> Member | None:
    """None where the export gives no address, as templates do."""
    return next((Member(nic.id, address) for address in spelled_addresses([held.private_ip_address])), None)


def _members(found: Iterable[Member | None]) -> Members:
    """Each address once, as a member by NIC where it is both."""
    given = list(found)
    known: dict[tuple[ResourceId, str], Member] = {}
    for member in given:
        if member is not None:
            known.setdefault((member.network_interface, member.address), member)
    return Members(tuple(known[key] for key in sorted(known)), None not in given)


def _home(balancer: LoadBalancer, pool: BackendAddressPool) -> ResourceId | None:
    """The VNet of addresses that name none: the pool's, or that of an internal frontend."""
    inside = (held.subnet.parent for held in balancer.frontend_ip_configurations if held.subnet is not None)
    return pool.virtual_network or next(inside, None)
