"""A proposed change: steps read from YAML that turn one Snapshot into another.

```yaml
name: block-sql-from-web
changes:
  - add_security_rule: {nsg: nsg-sql, rule: {name: deny-web, priority: 110, direction: Inbound, access: Deny}}
  - edit_route: {route_table: rt-spoke, route: default, set: {next_hop: None}}
```
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from simulator.azure.snapshot import Issue, Snapshot
from simulator.network.network import build_network
from simulator.sources.problems import did_you_mean, shorten
from simulator.sources.reading import read_text
from simulator.sources.yaml_text import load_yaml
from simulator.whatif.admin_rules import AddAdminRule, EditAdminRule, RemoveAdminRule
from simulator.whatif.attachments import ROUTE_TABLE, SECURITY_GROUP, Attachment
from simulator.whatif.detours import RouteThrough
from simulator.whatif.encryption import SetEncryption
from simulator.whatif.machines import ResizeVirtualMachine, SetAcceleratedNetworking
from simulator.whatif.moves import MoveVirtualNetwork
from simulator.whatif.peerings import PeerVirtualNetworks, RemovePeering
from simulator.whatif.routes import AddRoute, EditRoute, RemoveRoute
from simulator.whatif.security_rules import AddSecurityRule, EditSecurityRule, RemoveSecurityRule
from simulator.whatif.step import Position, Step

#: A change file is written by hand.
MAX_BYTES = 4 * 1024 * 1024

#: Kind of step → its reader. A new kind is one line here.
KINDS: Mapping[str, Callable[[object, Position], Step]] = {
    "add_security_rule": AddSecurityRule.read,
    "remove_security_rule": RemoveSecurityRule.read,
    "edit_security_rule": EditSecurityRule.read,
    "add_route": AddRoute.read,
    "remove_route": RemoveRoute.read,
    "edit_route": EditRoute.read,
    "route_through": RouteThrough.read,
    "add_admin_rule": AddAdminRule.read,
    "remove_admin_rule": RemoveAdminRule.read,
    "edit_admin_rule": EditAdminRule.read,
    "attach_security_group": partial(Attachment.read, SECURITY_GROUP, True),
    "detach_security_group": partial(Attachment.read, SECURITY_GROUP, False),
    "attach_route_table": partial(Attachment.read, ROUTE_TABLE, True),
    "detach_route_table": partial(Attachment.read, ROUTE_TABLE, False),
    "peer_virtual_networks": PeerVirtualNetworks.read,
    "remove_peering": RemovePeering.read,
    "set_encryption": SetEncryption.read,
    "resize_virtual_machine": ResizeVirtualMachine.read,
    "set_accelerated_networking": SetAcceleratedNetworking.read,
    "move_virtual_network": MoveVirtualNetwork.read,
}


#: Words of a kind that does not exist → how the kinds end that are meant, with a dash below each in front, or what
#: cannot be changed yet; in order.
_SUBJECTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"encryption", "encrypt"}), "_encryption"),
    (frozenset({"accelerated", "networking"}), "_accelerated_networking"),
    (frozenset({"resize", "size"}), "_virtual_machine"),
    (frozenset({"move", "region", "location"}), "_virtual_network"),
    (frozenset({"through", "via"}), "_through"),
    (frozenset({"peering", "peer", "unpeer"}), "_peering _virtual_networks"),
    (frozenset({"firewall", "policy", "dnat"}), "firewalls and their policies"),
    (frozenset({"gateway", "vpn", "expressroute", "nat", "connection"}), "gateways"),
    (frozenset({"endpoint"}), "service endpoints and private endpoints"),
    (frozenset({"balancer", "lb"}), "load balancers"),
    (frozenset({"admin", "avnm"}), "_admin_rule"),
    (frozenset({"table"}), "_route_table"),
    (frozenset({"route", "udr"}), "_route"),
    (frozenset({"rule"}), "_security_rule"),
    (frozenset({"nsg", "group"}), "_security_group"),
    (frozenset({"subnet", "vnet", "network", "nic", "vm", "machine", "interface", "ip"}), "networks and machines"),
)


class Change(Struct, frozen=True):
    """Steps in the order they are made. No steps is a change that changes nothing."""

    name: str
    steps: tuple[Step, ...] = ()
    description: str = ""

    def apply(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot after all steps; the one given stays as it is.

        Raises
        ------
        ChangeError : a step names what is not there or adds what is, or Azure would refuse the result.
        """
        stages = [snapshot]
        for step in self.steps:
            stages.append(step.apply(stages[-1]))
        self._refuse_new_errors(stages)
        return stages[-1]

    def _refuse_new_errors(self, stages: list[Snapshot]) -> None:
        """Lay what the network room calls an error now, and did not before, to the step that brought it."""
        before = {*_errors(stages[0])}
        new = [issue for issue in _errors(stages[-1]) if issue not in before]
        if not new:
            return
        step = next(step for step, stage in zip(self.steps, stages[1:], strict=True) if new[0] in _errors(stage))
        raise step.position.error("VNS4009", f"{new[0].message} ({new[0].code})", new[0].hint)


def _errors(snapshot: Snapshot) -> list[Issue]:
    return [issue for issue in build_network(snapshot).issues if issue.severity == "error"]


def joined(changes: Iterable[Change]) -> Change:
    """One change that makes all of them in their order; its name and description are theirs in a row."""
    held = tuple(changes)
    steps = tuple(step for change in held for step in change.steps)
    description = "; ".join(change.description for change in held if change.description)
    return Change(" + ".join(change.name for change in held), steps, description)


def load_change(path: str | Path) -> Change:
    """Read a change file.

    Raises
    ------
    SourceError : the file cannot be read, or is not YAML.
    ChangeError : it is not a change, with file, line and column.
    """
    path = Path(path)
    return parse_change(read_text(path, limit=MAX_BYTES), str(path))


def parse_change(text: str, file: str = "change.yaml") -> Change:
    """A change from its YAML text; `file` is the name that positions carry."""
    document = load_yaml(text, file)
    top, held = Position(document), document.value
    hint = "write name: … and changes: with a list of steps"
    if not isinstance(held, dict):
        raise top.error("VNS4001", f"a change is a mapping of keys, not {shorten(held)}", hint)
    for key in held:
        if key not in ("name", "description", "changes"):
            known = did_you_mean(key, ("name", "description", "changes"), otherwise="known keys are")
            raise (top / key).key_error("VNS4003", f"unknown key {key!r}", known)
    steps = held.get("changes")
    if not isinstance(steps, list):
        raise (top / "changes").error("VNS4001", "changes is missing, or is no list", hint)
    read = tuple(_step(step, top / "changes" / at) for at, step in enumerate(steps))
    name, description = (_text(held, key, top) for key in ("name", "description"))
    return Change(name or Path(file).stem, read, description)


def _text(held: Mapping[str, object], key: str, top: Position) -> str:
    value = held.get(key) or ""
    if not isinstance(value, str):
        raise (top / key).error("VNS4004", f"{key} should be text, not {shorten(value)}", "put it in quotes")
    return value


def _step(value: object, position: Position) -> Step:
    if not isinstance(value, dict) or len(value) != 1:
        hint = "write one kind of step with its keys, such as - remove_route: {route_table: …, route: …}"
        raise position.error("VNS4001", f"a step has one kind, this is {shorten(value)}", hint)
    [(kind, body)] = value.items()
    if kind not in KINDS:
        raise (position / kind).key_error("VNS4002", f"no step is called {kind!r}", _hint_for(kind))
    return KINDS[kind](body, position / kind)


def _hint_for(kind: object) -> str:
    """What there is instead of a kind that does not exist: its likes, or that nothing changes such a thing yet."""
    words = {word.removesuffix("s") for word in re.split(r"[^a-z]+", str(kind).lower())}
    subject = next((said for known, said in _SUBJECTS if words & known), "")
    if subject and not subject.startswith("_"):
        return f"{subject} cannot be changed yet; kinds are: {', '.join(KINDS)}"
    kinds = [held for held in KINDS if held.endswith(tuple(subject.split()) or "")]
    near = difflib.get_close_matches(str(kind).lower(), kinds, n=1, cutoff=0.85)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}kinds {'of this ' if subject else ''}are: {', '.join(kinds)}"
