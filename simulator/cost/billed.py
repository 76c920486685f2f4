"""Which recorded conversations are billed: each flow once, and only what the prediction lets pass.

Every NIC on a flow's way logs it, so a flow between two VMs stands in the log twice. The record of the NIC that sent
the first packet is billed; where that NIC did not log, that of the NIC it is for; else that of one on the way.

Learn: azure/network-watcher/vnet-flow-logs-overview
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from simulator.dataplane.interned import distinct
from simulator.dataplane.places import NONE
from simulator.flows.conversations import Conversations
from simulator.flows.distinct import Rows, distinct_rows
from simulator.flows.records import Int64, UInt8
from simulator.flows.replay import INBOUND, Replay
from simulator.network.model import Endpoint
from simulator.walk.load_balancer import backends_of
from simulator.walk.packets import Addresses, Bools, Int32
from simulator.walk.predictions import Predictions
from simulator.walk.reasons import REASONS, Verdict


class Outcome(IntEnum):
    """Whether a conversation is billed, or else why not: the first that holds, in this order."""

    BILLED = 0
    LOGGED_AS_DENIED = 1
    LOGGED_BY_ANOTHER_NIC = 2
    REPLY_LOGGED_APART = 3
    BEHIND_A_TRANSLATION = 4
    PREDICTED_DENY = 5
    UNKNOWN = 6
    SEVERAL_WAYS = 7
    #: As BEHIND_A_TRANSLATION, of a sender of whom the log has no record.
    SENDER_NOT_LOGGED = 8


class Billed(Struct, frozen=True):
    """One row for each conversation of a replay.

    `outcome` holds `Outcome` numbers; `sent` and `received` are bytes in the direction of the flow's first packet and
    against it, 0 where the conversation is not billed. `flow` numbers the flows that conversations belong to: each NIC
    on the way logs one.
    """

    outcome: UInt8
    sent: Int64
    received: Int64
    flow: Rows


def billed(replay: Replay) -> Billed:
    """Sort the conversations of a log into those that are billed and those that are not."""
    flows = replay.conversations
    outcome = np.zeros(len(flows), np.uint8)
    origin, end = ends(replay.walked)
    for holds, reason in reversed(_tests(replay, origin)):
        outcome[holds] = reason
    asked = outcome != Outcome.LOGGED_AS_DENIED
    flow = _flows(replay, origin, end)
    again = _is_logged_better(replay, flow, asked, origin, end) | _is_logged_before_a_frontend(replay, origin)
    outcome[asked & again] = Outcome.LOGGED_BY_ANOTHER_NIC
    outcome[_answers_what_is_billed(flows, outcome == Outcome.BILLED)] = Outcome.REPLY_LOGGED_APART
    counts = outcome == Outcome.BILLED
    behind = outcome == Outcome.BEHIND_A_TRANSLATION
    outcome[behind & ~_is_passed_on(replay, counts, origin, end)] = Outcome.SENDER_NOT_LOGGED
    return Billed(outcome, np.where(counts, flows.bytes_sent, 0), np.where(counts, flows.bytes_received, 0), flow)


def _tests(replay: Replay, origin: Int32) -> list[tuple[Bools, Outcome]]:
    verdict = np.array([reason.verdict for reason in REASONS], np.uint8)[replay.reason]
    own_address = _sends_for_others(replay)[origin[replay.packet]]
    return [
        (replay.conversations.is_denied, Outcome.LOGGED_AS_DENIED),
        (replay.is_reply, Outcome.REPLY_LOGGED_APART),
        (own_address, Outcome.BEHIND_A_TRANSLATION),
        (verdict == Verdict.DENY, Outcome.PREDICTED_DENY),
        (verdict == Verdict.UNKNOWN, Outcome.UNKNOWN),
        (verdict == Verdict.INTERMITTENT, Outcome.SEVERAL_WAYS),
    ]


def _sends_for_others(replay: Replay) -> Bools:
    """By place: what sends by its own address only in place of somebody else. Flows begin at neither."""
    kinds = [_sends_for_another(endpoint) for endpoint in replay.plane.places.endpoints]
    others = replay.plane.places.nowhere + 1 - len(kinds)
    return np.array([*kinds, *[False] * others, False])  # the last row, which -1 picks, is of packets without an origin


def _sends_for_another(endpoint: Endpoint) -> bool:
    """Firewalls, load balancers, and appliances that put their own address in place of others'."""
    translates = endpoint.appliance is not None and endpoint.appliance.snat != "none"
    return endpoint.kind in ("firewall", "frontend") or translates


def _is_passed_on(replay: Replay, counts: Bools, origin: Int32, end: Int32) -> Bools:
    """Whether a billed flow passes where each conversation begins, to the place and port that it is for.

    So a firewall's own address stands for that flow's sender. What nobody logged, as what the Internet sends to a
    firewall's public address, is in no other record.
    """
    walked, packet = replay.walked, replay.packet
    places, ports = replay.plane.places.nowhere + 1, 1 << 16
    goal = (end.astype(np.int64) + 1) * ports + walked.packets.destination_port
    has_record = np.zeros(len(walked), bool)
    has_record[packet[counts]] = True
    passed = [np.empty(0, np.int64)]
    for packets, at in walked.path:
        rows = has_record[packets] & (origin[packets] != at)
        passed.append(goal[packets[rows]] * places + at[rows])
    wanted = goal[packet] * places + origin[packet]
    is_passed: Bools = np.isin(wanted, np.concatenate(passed))
    return is_passed


def ends(walked: Predictions) -> tuple[Int32, Int32]:
    """The first and the last place of each packet's way; NONE where it never set out."""
    first, last = np.full(len(walked), NONE, np.int32), np.full(len(walked), NONE, np.int32)
    for packets, places in reversed(walked.path):
        first[packets] = places
    for packets, places in walked.path:
        last[packets] = places
    return first, last


def _flows(replay: Replay, origin: Int32, end: Int32) -> Rows:
    """The number of each conversation's flow: its packet, and where that begins and ends, as addresses may overlap."""
    flows, packet = replay.conversations, replay.packet
    ports = (flows.source_port, flows.destination_port)
    _, flow = distinct_rows([flows.source, flows.destination, *ports, flows.protocol, origin[packet], end[packet]])
    return flow


def _is_logged_better(replay: Replay, flow: Rows, asked: Bools, origin: Int32, end: Int32) -> Bools:
    """Whether another NIC logged the same flow from where it is better seen."""
    flows, packet = replay.conversations, replay.packet
    inbound = flows.direction == INBOUND
    at_source = (replay.endpoint != NONE) & (replay.endpoint == origin[packet]) & ~inbound
    at_end = (replay.endpoint != NONE) & (replay.endpoint == end[packet]) & inbound
    view = np.where(at_source, 0, np.where(at_end, 1, 2)).astype(np.int64)
    point: npt.NDArray[np.int64] = (view << 40) | (flows.mac.astype(np.int64) << 1) | flows.direction
    best = np.full(int(flow.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(best, flow[asked], point[asked])
    better: Bools = point != best[flow] if len(flow) else np.zeros(0, bool)
    return better


def _answers_what_is_billed(flows: Conversations, counts: Bools) -> Bools:
    """Whether a conversation to be billed answers another one, which some other NIC logged with the bytes of both ways.

    A NIC that sees an answer first, as when its own log began later, takes it for a flow. `Replay.is_reply` tells those
    that their own NIC logged both ways round.
    """
    answers = np.zeros(len(flows), bool)
    rows = np.flatnonzero(counts & (flows.source_port != flows.destination_port))
    if not len(rows):
        return answers
    turned = flows.source_port[rows] > flows.destination_port[rows]
    source, destination = flows.source[rows], flows.destination[rows]
    ports = flows.source_port[rows], flows.destination_port[rows]
    at_low, at_high = (_chosen(way, destination, source) for way in (turned, ~turned))
    _, pair = distinct_rows([at_low, at_high, np.minimum(*ports), np.maximum(*ports), flows.protocol[rows]])
    way = pair * 2 + turned
    began = np.full(2 * (int(pair.max()) + 1), np.iinfo(np.int64).max)
    np.minimum.at(began, way, flows.first_time[rows])
    answered = np.zeros(len(began), bool)
    answered[way[flows.bytes_received[rows] > 0]] = True
    # Of two that began at once the one towards the lower port asked.
    is_later = (began[way ^ 1] < began[way]) | ((began[way ^ 1] == began[way]) & ~turned)
    answers[rows[is_later & answered[way ^ 1]]] = True
    return answers


def _chosen(rows: Bools, these: Addresses, those: Addresses) -> Addresses:
    return Addresses(np.where(rows, these.high, those.high), np.where(rows, these.low, those.low))


def _is_logged_before_a_frontend(replay: Replay, origin: Int32) -> Bools:
    """Whether a backend logged, under its own address, what its sender logged as sent to a load balancer's frontend.

    Which backend a flow is given to is not known, but a sender's port belongs to one flow at a time.
    """
    flows, plane = replay.conversations, replay.plane
    frontend = np.full(len(replay.walked), NONE, np.int32)
    for packets, places in replay.walked.path:
        met = plane.balancers.is_internal[places]
        frontend[packets[met]] = places[met]
    sent_to = frontend[replay.packet]
    again = np.zeros(len(flows), bool)
    if not (sent_to != NONE).any():
        return again
    _, sender = distinct_rows([flows.source, flows.source_port, flows.protocol, origin[replay.packet]])
    by_sender = np.full(int(sender.max()) + 1, NONE, np.int32)
    by_sender[sender[sent_to != NONE]] = sent_to[sent_to != NONE]
    seen = (sent_to == NONE) & (by_sender[sender] != NONE) & (replay.endpoint != NONE) & (flows.direction == INBOUND)
    for number in distinct(by_sender[sender[seen]]).tolist():
        members = np.array(backends_of(plane, number), np.int32)
        again |= seen & (by_sender[sender] == number) & np.isin(replay.endpoint, members)
    return again
