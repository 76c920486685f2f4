"""Flows that stand when a change is made: Azure does not decide them anew when security groups or admin rules change.

What changes of routes or peerings applies to them at once, and Azure Firewall drops those that its changed rules deny.
Learn: azure/virtual-network/network-security-groups-overview (existing connections), azure/firewall/rule-processing
"""

from __future__ import annotations

import numpy as np

from simulator.flows.distinct import Rows
from simulator.flows.records import DENIED, END, Int64
from simulator.flows.replay import Replay, replay
from simulator.flows.timeouts import CONTINUE_EVERY, flow_timeout
from simulator.network.model import Network
from simulator.network.network import build_network
from simulator.network.open_filters import without_nic_filters
from simulator.walk.packets import Bools
from simulator.whatif.admin_rules import AddAdminRule, EditAdminRule, RemoveAdminRule
from simulator.whatif.attachments import SECURITY_GROUP, Attachment
from simulator.whatif.change import Change
from simulator.whatif.fates import Fate, Fates
from simulator.whatif.security_rules import AddSecurityRule, EditSecurityRule, RemoveSecurityRule

ADMIN_STEPS = (AddAdminRule, EditAdminRule, RemoveAdminRule)
_FILTER_STEPS = (*ADMIN_STEPS, AddSecurityRule, EditSecurityRule, RemoveSecurityRule)
#: Layers whose rules Azure asks of every packet, not only of a flow's first.
_ASKED_ANEW = ("firewall", "appliance")


def is_standing(held: Replay, flow: Rows) -> Bools:
    """Of each conversation, whether its flow stands when the log ends; `flow` numbers the flows.

    The last tuple of such a flow tells no end, and is so young that the flow cannot have ended since by falling idle.
    """
    flows, records = held.conversations, held.records
    allowed = np.flatnonzero(records.state != DENIED)
    standing = np.zeros(len(np.unique(flow)), bool)
    if len(allowed):
        order = allowed[np.argsort(records.time[allowed], kind="stable")][::-1]
        owner, first = np.unique(flow[flows.of_record[order]], return_index=True)
        last = order[first]
        idle = records.time.max() - records.time[last]
        standing[owner] = (records.state[last] != END) & (idle <= CONTINUE_EVERY + _timeouts(held, last))
    found: Bools = standing[flow]
    return found


def _timeouts(held: Replay, records: Rows) -> Int64:
    """For each record the flow timeout of its NIC's virtual network."""
    places = held.endpoint[held.conversations.of_record[records]]
    ends = held.network.endpoints
    known = {
        at: flow_timeout(held.network, ends[at].virtual_network if at >= 0 else None) for at in set(places.tolist())
    }
    return np.array([known[at] for at in places.tolist()], np.int64)


def changes_filters_only(change: Change) -> bool:
    """Whether security groups and admin rules are all that `change` touches."""
    return all(
        isinstance(step, _FILTER_STEPS) or (isinstance(step, Attachment) and step.kind == SECURITY_GROUP)
        for step in change.steps
    )


def standing_fates(change: Change, before: Replay, after: Replay, flow: Rows, old: Int64, fates: Fates) -> Int64:
    """The number of the fate that each conversation's flow has after the change, if it stands when the change is made.

    It passed the filters of its NICs when it began, so both networks are walked without these filters: where they then
    differ, the new fate counts, else the `old` one stays.
    """
    if changes_filters_only(change):
        return old
    was, becomes = (fates.of(replay(_opened(held.network), held.records), flow) for held in (before, after))
    pairs, pair = np.unique(np.stack([old, was, becomes]), axis=1, return_inverse=True)
    known = tuple(fates.all)
    numbers = [
        kept if opened == now else fates.number(_standing(known[kept], known[opened], known[now]))
        for kept, opened, now in pairs.T.tolist()
    ]
    return np.array(numbers, np.int64)[pair.reshape(-1)]


def _opened(network: Network) -> Network:
    return build_network(without_nic_filters(network.as_read), network.assumptions)


def _standing(old: Fate, was: Fate, now: Fate) -> Fate:
    """`was` and `now` were found without filters; of a flow that they judge alike, the filters' decision stays."""
    if was.verdict == now.verdict:
        return Fate(old.verdict, old.reason, old.rule, now.route, now.path)
    rule = now.rule if now.rule is not None and now.rule.layer in _ASKED_ANEW else None
    return Fate(now.verdict, now.reason, rule, now.route, now.path)
