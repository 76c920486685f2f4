"""What happens to a packet that an endpoint is asked to forward: firewalls and network virtual appliances.

Learn: azure/firewall/rule-processing, azure/firewall/snat-private-range
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from simulator.dataplane.atoms import Atoms
from simulator.dataplane.filters import NO_TABLE, Filters
from simulator.dataplane.places import place_count
from simulator.dataplane.regions import mask_of
from simulator.network.appliance_rules import appliance_rules
from simulator.network.filter_rules import FilterRule
from simulator.network.firewall_rule_forms import DnatRule
from simulator.network.firewall_rules import FirewallRules, firewall_rules
from simulator.network.model import Endpoint, Network
from simulator.space.addresses import EVERYTHING, Prefix, parse_address

Int32 = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

#: What an endpoint does with a packet that is not for it.
FORWARDS, IP_FORWARDING_OFF, NOT_DECLARED, DOES_NOT_FORWARD, POLICY_MISSING = range(5)
_NEVER, _ALWAYS, _TO_INTERNET = range(3)
_SNAT = {"none": _NEVER, "all": _ALWAYS, "internet": _TO_INTERNET}


def _scattered(count: int) -> UInt64:
    """Numbers that look random, by SplitMix64: numpy's generators cost a short command more than the rest of this."""
    mixed = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


class Appliances:
    """Columns by place. `key` scatters over 64 bits for stateful appliances, so sums of keys compare sets of them."""

    def __init__(self, network: Network, filters: Filters) -> None:
        self._network, self._filters = network, filters
        self.firewalls: dict[int, FirewallRules] = {
            place: firewall_rules(network, endpoint.id)
            for place, endpoint in enumerate(network.endpoints)
            if endpoint.kind == "firewall"
        }
        count = place_count(network)
        self.is_firewall = np.zeros(count, bool)
        self.is_firewall[list(self.firewalls)] = True
        self.threat_intelligence = np.zeros(count, bool)
        self.application_table, self.dnat_table = (np.full(count, NO_TABLE, np.int32) for _ in range(2))
        self.translations: dict[int, tuple[DnatRule, ...]] = {}
        for place, rules in self.firewalls.items():
            self._firewall(place, rules)
        self.behaviour = np.full(count, IP_FORWARDING_OFF, np.uint8)
        self.table = np.full(count, NO_TABLE, np.int32)
        stateful = np.zeros(count, bool)
        for place, endpoint in enumerate(network.endpoints):
            self.behaviour[place] = self._behaviour(place, endpoint)
            self.table[place] = self._rules(place, endpoint)
            stateful[place] = place in self.firewalls or (
                endpoint.appliance is not None and endpoint.appliance.stateful
            )
        self.key: UInt64 = np.where(stateful, _scattered(count), np.uint64(0))

    def _firewall(self, place: int, rules: FirewallRules) -> None:
        """The tables of a firewall beside its network rules; `translations` has the rows of its DNAT table."""
        acl = self._network.endpoints[place].id
        self.threat_intelligence[place] = rules.threat_intel_denies
        if rules.application_rules:
            self.application_table[place] = self._filters.add(acl, "application", rules.application_rules)
        if rules.dnat_rules:
            asked: tuple[FilterRule, ...] = tuple(held.rule for held in rules.dnat_rules)
            self.dnat_table[place] = self._filters.add(acl, "DNAT", asked)
            self.translations[int(self.dnat_table[place])] = rules.dnat_rules

    def translated_prefixes(self) -> Iterator[Prefix]:
        """The addresses that DNAT rules translate to."""
        for rules in self.translations.values():
            for held in rules:
                if held.translated_address is not None:
                    address = parse_address(held.translated_address)
                    yield Prefix(address, address)

    def _behaviour(self, place: int, endpoint: Endpoint) -> int:
        if place in self.firewalls:
            return FORWARDS if self.firewalls[place].is_complete else POLICY_MISSING
        if not endpoint.ip_forwarding:
            return IP_FORWARDING_OFF
        if endpoint.appliance is None:
            return NOT_DECLARED
        return FORWARDS if endpoint.appliance.forwards else DOES_NOT_FORWARD

    def _rules(self, place: int, endpoint: Endpoint) -> int:
        """A firewall's rules, or an appliance's declared ones; NO_TABLE forwards everything."""
        if place in self.firewalls:
            return self._filters.add(endpoint.id, "firewall", self.firewalls[place].rules)
        if endpoint.appliance is None or endpoint.appliance.rules is None:
            return NO_TABLE
        return self._filters.add(endpoint.id, "appliance", appliance_rules(self._network, endpoint.appliance))

    def translate(self, is_public: Bools, regions: Atoms) -> None:
        """`snat[snat_row[place], region]`: is the source replaced by the appliance's own for that destination?"""
        rows = [np.zeros(len(regions), bool), np.ones(len(regions), bool), is_public]
        self.snat_row = np.zeros(len(self.key), np.int32)
        for place, endpoint in enumerate(self._network.endpoints):
            if endpoint.appliance is not None:
                self.snat_row[place] = _SNAT[endpoint.appliance.snat]
        for place, firewall in self.firewalls.items():
            self.snat_row[place] = len(rows)
            rows.append(~mask_of(firewall.private_ranges, regions))
        self.snat = np.stack(rows)

    def prefixes(self) -> set[Prefix]:
        """Every prefix that `translate` asks the regions for."""
        return {prefix for firewall in self.firewalls.values() for prefix in firewall.private_ranges} | set(EVERYTHING)
