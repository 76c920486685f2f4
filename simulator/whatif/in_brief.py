"""Changes that a command line says in brief: ``--move VNET=REGION`` and ``--via FIREWALL=VNET,VNET``."""

from __future__ import annotations

from simulator.whatif.change import Change
from simulator.whatif.detours import RouteThrough
from simulator.whatif.moves import MoveVirtualNetwork
from simulator.whatif.step import Position


def move(vnet: str, region: str) -> Change:
    """The virtual network with all that lives in it in another region, as `move_virtual_network` has it.

    Parameters
    ----------
    vnet : name or id.
    region : in any of its spellings: ``northeurope``, ``North Europe``.

    Raises
    ------
    ChangeError : VNS4005, no region is called so; what the network does not hold only `Change.apply` can say.
    """
    text = f"{vnet}={region}"
    step = MoveVirtualNetwork.of(vnet, region, Position(f"--move {text}"))
    return Change(f"move {vnet} to {step.region}", (step,), f"{vnet} in {step.region}")


def read_move(text: str) -> Change:
    """`move` from ``VNET=REGION``. Raises ChangeError VNS4010 for a text of another form."""
    vnet, equals, region = (part.strip() for part in text.partition("="))
    if not (vnet and equals and region):
        hint = "write VNET=REGION, such as vnet-shop=northeurope"
        raise Position(f"--move {text}").error("VNS4010", f"{text!r} names no virtual network and region", hint)
    return move(vnet, region)


def via(text: str) -> Change:
    """Traffic through a firewall that goes directly today, as `route_through` has it, with routes at both ends.

    Parameters
    ----------
    text : ``FIREWALL=VNET,VNET``: between these VNets (or ``vnet/subnet``); ``FIREWALL=VNET``: between this one and
        every other that the firewall's VNet is peered with; ``FIREWALL``: between all of these.

    Raises
    ------
    ChangeError : VNS4010, a text of another form.
    """
    position = Position(f"--via {text}")
    firewall, equals, listed = (part.strip() for part in text.partition("="))
    named = tuple(part.strip() for part in listed.split(",")) if equals else ()
    if not firewall or not all(named):
        hint = "write FIREWALL=VNET,VNET, such as fw-hub=vnet-shop,vnet-orders, or FIREWALL alone"
        raise position.error("VNS4010", f"{text!r} names no firewall and virtual networks", hint)
    ends = [(named, named)] if len(named) > 1 else [(named, None), (None, named)] if named else [(None, None)]
    steps = tuple(RouteThrough(firewall, subnets, to, position) for subnets, to in ends)
    who = f"between {' and '.join(named)}" if len(named) > 1 else f"of {named[0]}" if named else "of all its spokes"
    return Change(f"via {text}", steps, f"traffic {who} through {firewall}")
