"""What one leg of a way is charged for: the meters by its two ends, as Azure's price pages have them.

A leg that costs nothing says why. What cannot be told (a region, the circuit behind a gateway) is no price of nothing.
Sources: azure.microsoft.com/pricing/details/virtual-network, /bandwidth, /azure-firewall, /load-balancer, /vpn-gateway,
/expressroute, /private-link; Microsoft's "A Guide to Azure Data Transfer Pricing" (2025).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from simulator.azure.firewall import AzureFirewall
from simulator.azure.load_balancer import LoadBalancer
from simulator.azure.network_interface import VirtualMachine
from simulator.azure.resource import ResourceId
from simulator.cost.azure_regions import NOT_AZURE, AzureRegions
from simulator.cost.circuits import ExpressRouteBilling, expressroute_billing
from simulator.cost.meters import MeterKey
from simulator.cost.routing_preference import prefers_internet
from simulator.cost.service_regions import service_region
from simulator.data import regions, zones
from simulator.dataplane.places import NONE
from simulator.dataplane.plane import DataPlane
from simulator.network.assumptions import is_assumed
from simulator.network.outbound import Outbound, public_balancers
from simulator.walk.predictions import Door

#: `free` costs nothing, `unpriced` is not known.
ChargeKind = Literal["metered", "free", "unpriced"]
#: A far end that is Azure's, in a region that nobody knows.
UNKNOWN_REGION = -2
_PREMISES = "on-premises"


class Charge(Struct, frozen=True):
    """What each GB of a leg is charged: by `meter` at the price of `region`, or for free, or unknown, and `why`.

    `vnet` and `subnet` say where the charge falls (``""`` outside of virtual networks); `payer` is the resource.
    """

    kind: ChargeKind
    why: str
    meter: MeterKey | None = None
    region: str = ""
    payer: str = ""
    vnet: str = ""
    subnet: str = ""


class LegClass(Struct, frozen=True):
    """All that the charges of a leg depend on.

    `source` and `target` are places. `door` is how the packet left the network, `way_out` the number of the method in
    ``plane.egress.methods`` (NONE: none was asked), `far` the number of the region of the end outside, NOT_AZURE or
    UNKNOWN_REGION. `is_balanced`: a public load balancer stands between, which the log of its backend does not show.
    """

    source: int
    target: int
    door: int
    way_out: int
    far: int
    is_balanced: int


class LegRules:
    """The charges of legs of one network, each distinct leg asked once."""

    def __init__(self, plane: DataPlane, azure: AzureRegions) -> None:
        self._plane, self._places, self._network = plane, plane.places, plane.network
        self._azure = azure
        self._private_peering_charged = is_assumed(plane.network, "private_endpoint_peering_is_charged")
        self._zones_charged = is_assumed(plane.network, "zones_are_charged")

    def charges(self, *columns: int) -> tuple[Charge, ...]:
        """The charges of a leg; `columns` are those of `LegClass`."""
        leg = LegClass(*columns)
        if self._places.platform in (leg.source, leg.target):
            return (Charge("free", "Azure's platform"),)
        return tuple(self._of(leg))

    def _of(self, leg: LegClass) -> Iterator[Charge]:
        if self._is_inside(leg.source) and self._is_inside(leg.target):
            yield from self._between(leg.source, leg.target)
        if self._is_outside(leg.target):
            yield from self._leaving(leg)
        elif self._is_outside(leg.source):
            yield from self._entering(leg)
        if self._is_gateway(leg.target):
            yield self._to_premises(leg.target)
        elif self._is_gateway(leg.source):
            yield self._free(leg.source, "data transfer in, from on-premises")
        yield from self._processing(leg)

    def _between(self, source: int, target: int) -> Iterator[Charge]:
        """Within a virtual network nothing; over a peering or a connected group at both ends."""
        here, there = self._vnet(source), self._vnet(target)
        if here == there:
            yield from self._within(source, target)
            return
        ends = {place: self._endpoint_kind(place) for place in (source, target)}
        if "private endpoint" in ends.values() and not self._private_peering_charged:
            yield self._free(source, "peering to a private endpoint")
            return
        regions_of = self._region(source), self._region(target)
        if not all(regions_of):
            yield self._unpriced(source, self._unlocated(source if not regions_of[0] else target))
            return
        is_global = regions_of[0] != regions_of[1]
        name = "global peering" if is_global else "peering"
        if ends[source] != "gateway":  # of a spoke and its hub's gateway only the spoke's side is charged
            key: MeterKey = "global_peering_out" if is_global else "peering_out"
            yield self._metered(source, key, f"{name}, out of {here}")
        if ends[target] != "gateway":
            key = "global_peering_in" if is_global else "peering_in"
            yield self._metered(target, key, f"{name}, into {there}")

    def _within(self, source: int, target: int) -> Iterator[Charge]:
        """Nothing, unless traffic between availability zones is taken as charged."""
        zones_of = self._zone(source), self._zone(target)
        if self._zones_charged and all(zones_of) and zones_of[0] != zones_of[1]:
            yield self._metered(source, "inter_zone_out", f"out of zone {zones_of[0]}")
            yield self._metered(target, "inter_zone_in", f"into zone {zones_of[1]}")
        else:
            yield self._free(source, f"within {self._vnet(source)}")

    def _zone(self, place: int) -> str:
        """The availability zone of the virtual machine at a place; empty where none is known."""
        machine = self._places.endpoints[place].virtual_machine if place < self._places.first_gateway else None
        held = self._network.snapshot.get(machine, VirtualMachine)
        return held.zones[0] if held is not None and held.zones else ""

    def _leaving(self, leg: LegClass) -> Iterator[Charge]:
        """To the Internet or to a public service: by where that is."""
        here = self._region(leg.source)
        if leg.source in (self._places.premises, self._places.internet):
            yield self._free(leg.target, "data transfer in")
            return
        if leg.target == self._places.premises:
            yield self._unpriced(leg.source, "how a platform service answers on-premises")
        elif not here or leg.far == UNKNOWN_REGION:
            unknown = self._unlocated(leg.source if not here else leg.target)
            yield self._unpriced(leg.source, unknown)
        elif leg.far != NOT_AZURE:
            yield from self._to_azure(leg, here, self._azure.names[leg.far])
        else:
            way = self._way_out(leg)
            key: MeterKey = "internet_egress"
            if prefers_internet(self._network, self._endpoint_id(leg.source), way):
                key = "internet_egress_isp"
            yield self._metered(leg.source, key, f"Internet egress of {here}")
        yield from self._translation(leg, leg.source)

    def _to_azure(self, leg: LegClass, here: str, there: str) -> Iterator[Charge]:
        if here == there:
            service = " by a service endpoint" if leg.door == Door.SERVICE_ENDPOINT else ""
            yield self._free(leg.source, f"to Azure in the same region{service}")
            return
        key = self._between_regions(here, there)
        if key is None:
            yield self._unpriced(leg.source, f"the continent of {here} or {there} is not known")
        else:
            yield self._metered(leg.source, key, f"from {here} to Azure in {there}")

    def _between_regions(self, here: str, there: str) -> MeterKey | None:
        ends = zones.continent(here), zones.continent(there)
        if None in ends:
            return None
        return "inter_region" if ends[0] == ends[1] else "inter_continent"

    def _entering(self, leg: LegClass) -> Iterator[Charge]:
        """Ingress is free. Of what a service of the network sends to another region its own side is charged."""
        here, there = self._region(leg.source), self._region(leg.target)
        if self._places.first_service <= leg.source < self._places.platform and here and there:
            yield from self._to_azure(leg, here, there)
        else:
            yield self._free(leg.target, "data transfer in")
        yield from self._translation(leg, leg.target)

    def _translation(self, leg: LegClass, place: int) -> Iterator[Charge]:
        """What a NAT gateway or a load balancer takes for translating, both ways."""
        way = self._way_out(leg)
        if way is None or leg.door != Door.INTERNET:
            return
        if way.method == "nat gateway":
            why = f"NAT gateway of {self._where(place)[1]}"
            yield self._metered(place, "nat_gateway", why, payer=self._nat_gateway(place))
        elif way.method == "load balancer":
            yield self._balanced(place, f"load balancer that {self._places.name(place)} leaves by")

    def _processing(self, leg: LegClass) -> Iterator[Charge]:
        """What the places on the way take for each byte that they are given."""
        kind = self._endpoint_kind(leg.target)
        if kind == "firewall":
            held = self._network.snapshot.get(self._endpoint_id(leg.target), AzureFirewall)
            tier = held.sku.tier.lower() if held is not None else "standard"
            keys: dict[str, MeterKey] = {
                "basic": "firewall_basic",
                "standard": "firewall_standard",
                "premium": "firewall_premium",
            }
            name = self._places.name(leg.target)
            if tier in keys:
                yield self._metered(leg.target, keys[tier], f"processed by {name}")
            else:
                yield self._unpriced(leg.target, f"{name} has the tier {tier!r}, which nobody knows")
        elif leg.is_balanced:
            inside = leg.target if self._is_inside(leg.target) else leg.source
            yield self._balanced(inside, f"load balancer before {self._places.name(inside)}")
        elif kind == "frontend":
            # An internal one meets replies only where a route sends them to it: they are inbound there too.
            yield self._balanced(leg.target, f"processed by {self._places.name(leg.target)}")
        elif kind == "private endpoint":
            why = f"written to {self._places.name(leg.target)}"
            yield self._metered(leg.target, "private_endpoint_out", why, payer=self._private_endpoint(leg.target))
            yield from self._to_service(leg.target, is_read=False)
        if self._endpoint_kind(leg.source) == "private endpoint":
            why = f"read from {self._places.name(leg.source)}"
            yield self._metered(leg.source, "private_endpoint_in", why, payer=self._private_endpoint(leg.source))
            yield from self._to_service(leg.source, is_read=True)

    def _to_service(self, endpoint: int, *, is_read: bool) -> Iterator[Charge]:
        """Between a private endpoint and a service of another region."""
        service = service_region(self._network, self._places.endpoints[endpoint].private_endpoint)
        here, there = self._region(endpoint), service
        if here and there and here != there:
            source, target = (there, here) if is_read else (here, there)
            key = self._between_regions(source, target)
            why = f"from {source} to {target}, between a private endpoint and its service"
            yield self._metered(endpoint, key, why, region=source) if key is not None else self._unpriced(endpoint, why)

    def _to_premises(self, gateway: int) -> Charge:
        held = self._places.gateways[gateway - self._places.first_gateway]
        if held.kind == "Vpn":
            return self._metered(gateway, "internet_egress", f"VPN of {held.name} to on-premises")
        billing: ExpressRouteBilling = expressroute_billing(self._network, held.id)
        if billing.unknown:
            return self._unpriced(gateway, billing.unknown)
        if billing.zone is None:
            return self._free(gateway, f"ExpressRoute of {held.name}, unlimited data")
        why = f"ExpressRoute of {held.name}, metered data"
        return self._metered(gateway, "expressroute_out", why, region=billing.zone)

    def _metered(self, place: int, meter: MeterKey, why: str, *, payer: str = "", region: str = "") -> Charge:
        """`payer` names the resource that is charged, where that is none of the places; `region` where it is priced."""
        region = region or self._region(place)
        if not region:
            return self._unpriced(place, self._unlocated(place))
        vnet, subnet = self._where(place)
        return Charge("metered", why, meter, region, payer or self._places.name(place), vnet, subnet)

    def _free(self, place: int, why: str) -> Charge:
        vnet, subnet = self._where(place)
        return Charge("free", why, None, self._region(place), self._places.name(place), vnet, subnet)

    def _unpriced(self, place: int, why: str) -> Charge:
        vnet, subnet = self._where(place)
        return Charge("unpriced", why, None, self._region(place), self._places.name(place), vnet, subnet)

    def _nat_gateway(self, place: int) -> str:
        subnet = self._network.subnets.get(self._places.endpoints[place].subnet)
        return subnet.nat_gateway.name if subnet is not None and subnet.nat_gateway is not None else ""

    def _balanced(self, place: int, why: str) -> Charge:
        """By the load balancer of a frontend, or the public one that a NIC is behind: a Basic one takes nothing."""
        endpoint = self._places.endpoints[place]
        behind = public_balancers(self._network, endpoint.id)
        found = endpoint.id.parent if endpoint.kind == "frontend" else next(iter(behind), None)
        held = self._network.snapshot.get(found, LoadBalancer)
        sku = held.sku.name.lower() if held is not None else "standard"
        if sku == "basic":
            return self._free(place, f"{why}, a Basic one")
        if sku != "standard":
            return self._unpriced(place, f"what a load balancer of the sku {sku!r} takes")
        return self._metered(place, "load_balancer", why, payer=held.name if held is not None else "")

    def _private_endpoint(self, place: int) -> str:
        held = self._places.endpoints[place].private_endpoint
        return held.name if held is not None else ""

    def _is_inside(self, place: int) -> bool:
        return bool(self._places.vnet[place] != NONE)

    def _is_outside(self, place: int) -> bool:
        return self._places.first_service <= place < self._places.nowhere

    def _is_gateway(self, place: int) -> bool:
        return self._places.first_gateway <= place < self._places.first_service

    def _endpoint_kind(self, place: int) -> str:
        if self._is_gateway(place):
            return "gateway"
        if place >= self._places.first_gateway:
            return "outside"
        endpoint = self._places.endpoints[place]
        return "private endpoint" if endpoint.private_endpoint is not None else endpoint.kind

    def _endpoint_id(self, place: int) -> ResourceId | None:
        return self._places.endpoints[place].id if place < self._places.first_gateway else None

    def _vnet(self, place: int) -> str:
        name: str = self._network.snapshot.virtual_networks[self._places.vnet[place]].name
        return name

    def _where(self, place: int) -> tuple[str, str]:
        if place < self._places.first_gateway:
            endpoint = self._places.endpoints[place]
            return endpoint.virtual_network.name, f"{endpoint.virtual_network.name}/{endpoint.subnet.name}"
        if self._is_gateway(place):
            gateway = self._places.gateways[place - self._places.first_gateway]
            subnet = gateway.subnet.name if gateway.subnet is not None else "GatewaySubnet"
            return gateway.virtual_network.name, f"{gateway.virtual_network.name}/{subnet}"
        return "", ""

    def _region(self, place: int) -> str:
        """The ARM name of a place's region; empty where nobody knows it."""
        if self._is_inside(place):
            location = self._network.snapshot.virtual_networks[self._places.vnet[place]].location
        elif self._places.first_service <= place < self._places.platform:
            location = self._places.services[place - self._places.first_service].region
        else:
            return ""
        found = regions.find(location)
        return found.name if found is not None else ""

    def _unlocated(self, place: int) -> str:
        name = self._vnet(place) if self._is_inside(place) else self._places.name(place)
        return f"the region of {name} is not known"

    def _way_out(self, leg: LegClass) -> Outbound | None:
        return None if leg.way_out == NONE else self._plane.egress.methods.answers[leg.way_out]
