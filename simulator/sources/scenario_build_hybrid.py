"""What joins a scenario to networks outside Azure: gateways, local network gateways and ExpressRoute circuits."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.azure.express_route import ExpressRouteCircuit
from simulator.azure.gateway import Connection, LocalNetworkGateway, VirtualNetworkGateway
from simulator.azure.resource import Resource, ResourceId
from simulator.azure.snapshot import CircuitNat, OnPremisesNetwork
from simulator.sources.scenario_build import Build, make, own_subnet, public_address
from simulator.sources.scenario_errors import Path

_FAMILIES = {"metered": "MeteredData", "unlimited": "UnlimitedData"}
_PEERING_TYPES = {"private": "AzurePrivatePeering", "microsoft": "MicrosoftPeering", "public": "AzurePublicPeering"}


def build_hybrid(build: Build) -> Iterator[Resource]:
    """Every gateway, circuit and connection; reference errors go to `build.errors`."""
    yield from _gateways(build)
    yield from _local_gateways(build)
    yield from _circuits(build)


def on_premises(build: Build) -> tuple[OnPremisesNetwork, ...]:
    """The networks outside Azure, as the file declares them."""
    return tuple(
        OnPremisesNetwork(
            name,
            tuple(spec.prefixes),
            build.names.find("virtual_network_gateways", spec.gateway, ("on_premises", name, "gateway")),
            dict(spec.hosts),
            tuple(spec.internet_nat),
            tuple(
                build.names.find("express_route_circuits", held, ("on_premises", name, "circuits", at))
                for at, held in enumerate(spec.circuits)
            ),
        )
        for name, spec in build.scenario.on_premises.items()
    )


def circuit_nat(build: Build) -> dict[ResourceId, CircuitNat]:
    """Circuit → the NAT that the file declares for it."""
    found: dict[ResourceId, CircuitNat] = {}
    for name, spec in build.scenario.express_route_circuits.items():
        if spec.nat is not None:
            owner = spec.nat.owner or ("microsoft" if spec.nat.mode == "public_peering" else "customer")
            identity = build.names.own["express_route_circuits"][name.lower()]
            found[identity] = CircuitNat(spec.nat.mode, tuple(spec.nat.pool), owner, tuple(spec.nat.services))
    return found


def _gateways(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.virtual_network_gateways.items():
        path = ("virtual_network_gateways", name)
        subnet = own_subnet(build, spec.vnet, "GatewaySubnet", path)
        build.place(name, subnet, spec.ip, (*path, "ip"))
        location = build.region_of(subnet.parent, spec.location)
        public = public_address(build, f"{name}-pip", spec, location)
        if public is not None:
            yield public
        yield make(
            VirtualNetworkGateway,
            id=build.names.find("virtual_network_gateways", name, path),
            location=location,
            gateway_type=spec.type,
            enable_bgp=spec.type == "ExpressRoute" if spec.bgp is None else spec.bgp,
            ip_configurations=[
                {
                    "subnet": subnet,
                    "public_ip_address": public.id if public else None,
                    "private_ip_address": spec.ip,
                }
            ],
        )


def _local_gateways(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.local_network_gateways.items():
        path: Path = ("local_network_gateways", name)
        identity = build.names.find("local_network_gateways", name, path)
        yield make(
            LocalNetworkGateway,
            id=identity,
            location=build.region(),
            local_network_address_space={"address_prefixes": spec.prefixes},
            gateway_ip_address=spec.ip,
        )
        yield make(
            Connection,
            id=build.names.new("connections", f"{name}-connection"),
            location=build.region(),
            virtual_network_gateway1=build.names.find("virtual_network_gateways", spec.gateway, (*path, "gateway")),
            local_network_gateway2=identity,
            connection_type="IPsec",
        )


def _circuits(build: Build) -> Iterator[Resource]:
    for name, spec in build.scenario.express_route_circuits.items():
        identity = build.names.find("express_route_circuits", name, ("express_route_circuits", name))
        kinds = dict.fromkeys(_PEERING_TYPES[held] for held in spec.peerings)
        yield make(
            ExpressRouteCircuit,
            id=identity,
            location=build.region(spec.location),
            peerings=[{"id": identity.child("peerings", kind), "peering_type": kind} for kind in kinds],
            sku={"family": _FAMILIES[spec.billing]} if spec.billing else {},
            service_provider_properties={"peering_location": spec.peering_location},
        )
