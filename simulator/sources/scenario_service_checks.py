"""What Azure would refuse of load balancers, perimeters and management groups, found where it is written."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.sources.scenario_balancers import BalancingRule, Frontend, LoadBalancer, NatRule
from simulator.sources.scenario_build import Build
from simulator.sources.scenario_errors import Path


def check_services(build: Build) -> None:
    """Adds to `build.errors` whatever does not fit together."""
    for name, spec in build.scenario.load_balancers.items():
        _check_names(build, name, spec)
        _check_ports(build, name, spec)
        _check_frontends(build, name, spec)
    _check_associations(build)
    _check_management_groups(build)


def _check_names(build: Build, balancer: str, spec: LoadBalancer) -> None:
    for section in ("rules", "nat_rules", "outbound_rules"):
        names: set[str] = set()
        for at, rule in enumerate(getattr(spec, section)):
            if rule.name.lower() in names:
                message = f"{balancer}/{rule.name}: another of its {section} has this name"
                path: Path = ("load_balancers", balancer, section, at, "name")
                build.errors.add("VNS1207", message, path, hint="rename one of the two")
            names.add(rule.name.lower())


def _check_ports(build: Build, balancer: str, spec: LoadBalancer) -> None:
    """A port of a frontend leads to one place; an HA ports rule takes what no other rule does."""
    taken: dict[tuple[str, str, int], str] = {}
    for path, rule in _rules(balancer, spec):
        other = taken.setdefault((rule.frontend.lower(), rule.protocol, rule.port), rule.name)
        if other != rule.name:
            what = f"{rule.protocol} {rule.port}" if rule.port else "every port"
            message = f"{balancer}/{rule.name}: {other} has {what} of {rule.frontend} already"
            build.errors.add("VNS1207", message, (*path, "port"), hint="take another port, or another frontend")


def _rules(balancer: str, spec: LoadBalancer) -> Iterator[tuple[Path, BalancingRule | NatRule]]:
    yield from ((("load_balancers", balancer, "rules", at), rule) for at, rule in enumerate(spec.rules))
    yield from ((("load_balancers", balancer, "nat_rules", at), rule) for at, rule in enumerate(spec.nat_rules))


def _check_frontends(build: Build, balancer: str, spec: LoadBalancer) -> None:
    """Which kinds of rules a frontend, or the SKU, takes."""
    frontends = {name.lower(): held for name, held in spec.frontends.items()}
    for path, rule in _rules(balancer, spec):
        reason = _refusal(spec, frontends.get(rule.frontend.lower()), rule)
        if reason:
            build.errors.add("VNS1204", f"{balancer}/{rule.name}: {reason}", (*path, "frontend"))
    for at, outbound in enumerate(spec.outbound_rules):
        path = ("load_balancers", balancer, "outbound_rules", at)
        label = f"{balancer}/{outbound.name}"
        if spec.sku == "Basic":
            build.errors.add("VNS1204", f"{label}: a Basic load balancer has no outbound rules", path)
        for position, name in enumerate(outbound.frontend):
            held = frontends.get(name.lower())
            if held is not None and held.subnet is not None:
                message = f"{label}: {name} is internal, and nothing leaves to the Internet by it"
                build.errors.add("VNS1204", message, (*path, "frontend", position), hint="name a public frontend")


def _refusal(spec: LoadBalancer, frontend: Frontend | None, rule: BalancingRule | NatRule) -> str:
    """Why Azure would not take the rule; empty where it would."""
    if rule.port == 0 and spec.sku == "Basic":
        return "a Basic load balancer has no HA ports rules"
    if frontend is None or frontend.subnet is not None:
        return ""
    if rule.port == 0:
        return f"{rule.frontend} is public, and only internal frontends take HA ports rules"
    return f"{rule.frontend} is a prefix, which serves outbound rules only" if frontend.public_prefix else ""


def _check_associations(build: Build) -> None:
    """Azure lets a service be in one perimeter."""
    homes: dict[str, str] = {}
    for name, spec in build.scenario.security_perimeters.items():
        for at, held in enumerate(spec.associations):
            other = homes.setdefault(held.service.lower(), name)
            path: Path = ("security_perimeters", name, "associations", at, "service")
            if other != name or any(one.service.lower() == held.service.lower() for one in spec.associations[:at]):
                message = f"{name}: {held.service} is associated to {other} already"
                build.errors.add("VNS1207", message, path, hint="a service has one profile of one perimeter")


def _check_management_groups(build: Build) -> None:
    """The first group that lies below itself; the others of its ring do so too."""
    parents = {child.lower(): parent.lower() for child, parent in build.scenario.management_groups.items()}
    for child in build.scenario.management_groups:
        above, seen = parents.get(child.lower()), set[str]()
        while above is not None and above not in seen and above != child.lower():
            seen.add(above)
            above = parents.get(above)
        if above == child.lower():
            message = f"{child} lies below itself"
            build.errors.add("VNS1204", message, ("management_groups", child), hint="name the group above it")
            return
