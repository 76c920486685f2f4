"""Mistakes about load balancers, services and what lies outside Azure, told with value, line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import SourceError
from simulator.sources.scenario import scenario_snapshot

#: A network in which the examples below make one mistake each, on the fifth line.
FRAME = """\
virtual_networks:
  hub: {address_space: 10.0.0.0/22, subnets: {web: 10.0.0.0/24, pe: 10.0.1.0/24}}
virtual_machines: {vm: {subnet: hub/web, ip: 10.0.0.4}}
storage_accounts: {st01: {}}
"""


def _balancer(rules: str) -> str:
    """A load balancer with an internal and a public frontend and a pool."""
    frontends = "fe: {subnet: hub/web, ip: 10.0.0.10}, out: {public_ip: 203.0.113.30}"
    return f"load_balancers: {{lb: {{frontends: {{{frontends}}}, pools: {{p: [vm]}}, {rules}}}}}"


#: The fifth line → the error as the command line prints it.
GOLDEN: list[tuple[str, str]] = [
    (
        "load_balancers: {lb: {frontends: {fe: {subnet: hub/web}}}}",
        "error[VNS1203]: lb/fe: needs both subnet and ip\n"
        "  at topology.yaml:5:39\n"
        "  hint: Azure would pick a free address; a scenario says which",
    ),
    (
        "load_balancers: {lb: {frontends: {fe: {subnet: hub/web, ip: 10.0.0.10, public_ip: 203.0.113.30}}}}",
        "error[VNS1203]: lb/fe: needs one of subnet, public_ip and public_prefix\n"
        "  at topology.yaml:5:39\n"
        "  hint: write subnet and ip for an internal load balancer, public_ip for a public one",
    ),
    (
        "load_balancers: {lb: {frontends: {fe: {subnet: hub/web, ip: 10.0.0.4}}}}",
        "error[VNS2028]: lb/fe: 10.0.0.4 is the address of vm too\n"
        "  at topology.yaml:5:61\n"
        "  hint: an address is unique within a VNet",
    ),
    (
        "load_balancers: {lb: {frontends: {fe: {subnet: hub/web, ip: 10.0.1.9}}}}",
        "error[VNS2029]: lb/fe: 10.0.1.9 lies outside hub/web (10.0.0.0/24)\n"
        "  at topology.yaml:5:61\n"
        "  hint: for example, 10.0.0.5 is free there",
    ),
    (
        "load_balancers: {lb: {frontends: {fe: {subnet: hub/wb, ip: 10.0.0.10}}}}",
        "error[VNS1205]: lb/fe: hub has no subnet named 'wb'\n  at topology.yaml:5:48\n  hint: did you mean 'web'?",
    ),
    (
        "load_balancers: {lb: {pools: {p: [vm, vmm]}}}",
        "error[VNS1205]: lb/p: no virtual machine or network interface is named 'vmm'\n"
        "  at topology.yaml:5:39\n"
        "  hint: did you mean 'vm'?",
    ),
    (
        "load_balancers: {lb: {skus: Standard}}",
        "error[VNS1202]: lb: unknown key 'skus'\n  at topology.yaml:5:23\n  hint: did you mean 'sku'?",
    ),
    (
        "load_balancers: {lb: {sku: Standrd}}",
        "error[VNS1204]: lb: sku cannot be 'Standrd'\n  at topology.yaml:5:28\n  hint: did you mean 'Standard'?",
    ),
    (
        _balancer("rules: [{name: r, frontend: fee, pool: p, port: 80}]"),
        "error[VNS1205]: lb/r: lb has no frontend named 'fee'\n  at topology.yaml:5:152\n  hint: did you mean 'fe'?",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: q, port: 80}]"),
        "error[VNS1205]: lb/r: lb has no pool named 'q'\n  at topology.yaml:5:162\n  hint: known are: p",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 0}]"),
        "error[VNS1204]: lb/r: protocol Tcp does not go with port 0\n"
        "  at topology.yaml:5:132\n"
        '  hint: an HA ports rule has protocol: "*" and port: 0; other rules have Tcp or Udp and a port',
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 80, protocol: Icmp}]"),
        "error[VNS1204]: lb/r: protocol cannot be 'Icmp'\n  at topology.yaml:5:185\n  hint: it is one of: *, Tcp, Udp",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 70000}]"),
        "error[VNS1204]: lb/r: port 70000 is above Azure's maximum of 65535\n"
        "  at topology.yaml:5:171\n"
        "  hint: values of port run from 0 to 65535",
    ),
    (
        _balancer("rules: [{name: r, frontend: out, pool: p, port: 0, protocol: '*'}]"),
        "error[VNS1204]: lb/r: out is public, and only internal frontends take HA ports rules\n"
        "  at topology.yaml:5:152",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 80}, {name: s, frontend: fe, pool: p, port: 80}]"),
        "error[VNS1207]: lb/s: r has Tcp 80 of fe already\n"
        "  at topology.yaml:5:215\n"
        "  hint: take another port, or another frontend",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 80}, {name: r, frontend: fe, pool: p, port: 81}]"),
        "error[VNS1207]: lb/r: another of its rules has this name\n"
        "  at topology.yaml:5:183\n"
        "  hint: rename one of the two",
    ),
    (
        _balancer("nat_rules: [{name: ssh, frontend: out, target: vm9, port: 50001}]"),
        "error[VNS1205]: lb/ssh: no virtual machine or network interface is named 'vm9'\n"
        "  at topology.yaml:5:171\n"
        "  hint: did you mean 'vm'?",
    ),
    (
        _balancer("outbound_rules: [{name: o, frontend: fe, pool: p}]"),
        "error[VNS1204]: lb/o: fe is internal, and nothing leaves to the Internet by it\n"
        "  at topology.yaml:5:161\n"
        "  hint: name a public frontend",
    ),
    (
        _balancer("sku: Basic, outbound_rules: [{name: o, frontend: out, pool: p}]"),
        "error[VNS1204]: lb/o: a Basic load balancer has no outbound rules\n  at topology.yaml:5:153",
    ),
    (
        "nat_gateways: {ng: {public_ips: '2001:db8::1'}}",
        "error[VNS1204]: ng: 2001:db8::1 is IPv6, which Standard does not carry\n"
        "  at topology.yaml:5:20\n"
        "  hint: write sku: StandardV2",
    ),
    (
        "private_endpoints: {pe: {subnet: hub/pe, ip: 10.0.1.4, service: st02}}",
        "error[VNS1205]: pe: no platform service is named 'st02'\n"
        "  at topology.yaml:5:65\n"
        "  hint: did you mean 'st01'?",
    ),
    (
        "private_endpoints: {pe: {subnet: hub/pe, ip: 10.0.1.4, service: st01, group: blobs}}",
        "error[VNS1204]: pe: st01 has no part 'blobs'\n  at topology.yaml:5:78\n  hint: did you mean 'blob'?",
    ),
    (
        "private_endpoints: {pe: {subnet: hub/pe, ip: 10.0.1.4, service: st01, status: Aproved}}",
        "error[VNS1204]: pe: status cannot be 'Aproved'\n  at topology.yaml:5:79\n  hint: did you mean 'Approved'?",
    ),
    (
        "key_vaults: {kv: {ip_rules: [203.0.113.9]}}",
        "error[VNS1203]: kv: default_action is missing beside rules\n"
        "  at topology.yaml:5:18\n"
        "  hint: write default_action: Deny; with Allow everybody is let in and no rule is asked",
    ),
    (
        "key_vaults: {kv: {default_action: Deny, ip_rules: [10.0.0.4]}}",
        "error[VNS1204]: kv: '10.0.0.4' is private, and IP rules take public addresses only\n"
        "  at topology.yaml:5:52\n"
        "  hint: let the subnet in instead: subnets: [vnet/subnet], with a service endpoint",
    ),
    (
        "key_vaults: {kv: {default_action: Deny, ip_rules: [203.0.113.8/31]}}",
        "error[VNS1204]: kv: '203.0.113.8/31' is a prefix of less than four addresses\n"
        "  at topology.yaml:5:52\n"
        "  hint: write the addresses one by one",
    ),
    (
        "key_vaults: {kv: {default_action: Deny, subnets: [hub/wen]}}",
        "error[VNS1205]: kv: hub has no subnet named 'wen'\n  at topology.yaml:5:51\n  hint: did you mean 'web'?",
    ),
    (
        "key_vaults: {kv: {public_network_access: Disable}}",
        "error[VNS1204]: kv: public_network_access cannot be 'Disable'\n"
        "  at topology.yaml:5:42\n"
        "  hint: did you mean 'Disabled'?",
    ),
    (
        "sql_servers: {sql: {ip_rules: [203.0.113.9-203.0.113.1]}}",
        "error[VNS1206]: sql: '203.0.113.9-203.0.113.1' is not a range of addresses\n"
        "  at topology.yaml:5:32\n"
        "  hint: write an address, a prefix such as 203.0.113.0/24, or a range such as 203.0.113.1-203.0.113.9",
    ),
    (
        "sql_servers: {sql: {bypass: AzureServices}}",
        "error[VNS1202]: sql: unknown key 'bypass'\n"
        "  at topology.yaml:5:21\n"
        "  hint: known keys are: default_action, ip, ip_rules, location, public_network_access, resource_group, "
        "subnets",
    ),
    (
        "cosmos_accounts: {c: {default_action: Denny}}",
        "error[VNS1204]: c: default_action cannot be 'Denny'\n  at topology.yaml:5:39\n  hint: did you mean 'Deny'?",
    ),
    (
        "event_hubs: {eh: {sku: Dedicated}}",
        "error[VNS1204]: eh: sku cannot be 'Dedicated'\n"
        "  at topology.yaml:5:24\n"
        "  hint: it is one of: Basic, Premium, Standard",
    ),
    (
        "service_endpoint_policies: {sep: {resources: [st1]}}",
        "error[VNS1205]: sep: no storage account is named 'st1'\n  at topology.yaml:5:47\n  hint: did you mean 'st01'?",
    ),
    (
        "security_perimeters: {nsp: {profiles: {p1: {inbound: [{name: r}]}}}}",
        "error[VNS1203]: nsp/p1/r: needs either prefixes or subscriptions\n"
        "  at topology.yaml:5:55\n"
        "  hint: write one of the two; a second rule takes the other",
    ),
    (
        "security_perimeters: {nsp: {profiles: {p1: {}}, associations: [{service: st01, profile: p2}]}}",
        "error[VNS1205]: nsp: no profile is named 'p2'\n  at topology.yaml:5:89\n  hint: known are: p1",
    ),
    (
        "security_perimeters: {nsp: {profiles: {p1: {}}, associations: [{service: st01, profile: p1}, "
        "{service: st01, profile: p1}]}}",
        "error[VNS1207]: nsp: st01 is associated to nsp already\n"
        "  at topology.yaml:5:104\n"
        "  hint: a service has one profile of one perimeter",
    ),
    (
        "express_route_circuits: {er: {peerings: [private], nat: {mode: microsoft_peering, pool: [198.51.100.1]}}}",
        "error[VNS1204]: er: nat is of a microsoft peering that the circuit lacks\n"
        "  at topology.yaml:5:30\n"
        "  hint: add microsoft to peerings",
    ),
    (
        "express_route_circuits: {er: {peerings: [microsoft], nat: {mode: microsoft_peering, owner: "
        "microsoft, pool: [198.51.100.1]}}}",
        "error[VNS1204]: er: owner microsoft does not go with microsoft_peering\n"
        "  at topology.yaml:5:59\n"
        "  hint: Microsoft translates for public_peering, the customer or the provider for microsoft_peering",
    ),
    (
        "bastion_hosts: {bas: {vnet: hub}}",
        "error[VNS1205]: bas: hub has no AzureBastionSubnet\n"
        "  at topology.yaml:5:29\n"
        "  hint: add AzureBastionSubnet to the subnets of hub",
    ),
    (
        "application_gateways: {agw: {subnet: hub/web, ip: 10.0.0.2}}",
        "error[VNS2029]: agw: 10.0.0.2 is kept by Azure in hub/web (10.0.0.0/24)\n"
        "  at topology.yaml:5:51\n"
        "  hint: for example, 10.0.0.5 is free there",
    ),
    (
        "routing_appliances: {ra: {vnet: hubb}}",
        "error[VNS1205]: ra: no virtual network is named 'hubb'\n  at topology.yaml:5:33\n  hint: did you mean 'hub'?",
    ),
    (
        "names: {updates: [203.0.113.9]}",
        "error[VNS1204]: 'updates' is not a full domain name\n"
        "  at topology.yaml:5:9\n"
        "  hint: write a name such as updates.example.com",
    ),
    (
        "management_groups: {a: b, b: a}",
        "error[VNS1204]: a lies below itself\n  at topology.yaml:5:24\n  hint: name the group above it",
    ),
    (
        "route_tables: {rt: {routes: {r: {prefix: 0.0.0.0/0, next_hop: [10.0.0.4, 10.0.0.4]}}}}",
        "error[VNS1204]: rt/r: 1 appliances share the packets\n"
        "  at topology.yaml:5:63\n"
        "  hint: write next_hop: [10.1.1.4, 10.1.1.5], with 2 to 64 addresses",
    ),
    (
        "network_managers: {m: {network_groups: {g: {members: [hub], member_type: Nic}}}}",
        "error[VNS1204]: m/g: member_type cannot be 'Nic'\n"
        "  at topology.yaml:5:74\n"
        "  hint: it is one of: Subnet, VirtualNetwork",
    ),
    (
        "network_managers: {m: {network_groups: {g: [hubb]}}}",
        "error[VNS1205]: m/g: no virtual network is named 'hubb'\n  at topology.yaml:5:45\n  hint: did you mean 'hub'?",
    ),
    (
        "network_managers: {m: {network_groups: {g: [hub]}, routing_configurations: {rc: {rule_collections: "
        "{c: {applies_to: [h], rules: [{name: r, destination: 10.0.0.0/8, next_hop: 10.0.0.4}]}}}}}}",
        "error[VNS1205]: m/rc/c: no network group is named 'h'\n  at topology.yaml:5:118\n  hint: known are: g",
    ),
    (
        "network_managers: {m: {network_groups: {g: [hub]}, routing_configurations: {rc: {rule_collections: "
        "{c: {applies_to: [g], rules: [{name: r, destination: 10.0.0.1/8, next_hop: Intrnet}]}}}}}}",
        "error[VNS1016]: 2 errors in topology.yaml\n"
        "  error[VNS1206]: m/rc/c/r: '10.0.0.1/8' has bits beyond its length\n"
        "    at topology.yaml:5:153\n"
        "    hint: the prefix that holds it is 10.0.0.0/8\n"
        "  error[VNS1206]: m/rc/c/r: 'Intrnet' is neither an IP address nor a next hop type\n"
        "    at topology.yaml:5:175\n"
        "    hint: did you mean 'Internet'?",
    ),
    (
        "firewall_policies: {p: {collections: [{name: c, kind: application, priority: 200, action: Allow, "
        "rules: [{name: r, protocols: TCP}]}]}}",
        "error[VNS1204]: p/c: r has protocol TCP, which is not for application rules\n"
        "  at topology.yaml:5:39\n"
        "  hint: they have http, https, mssql",
    ),
    (
        "firewall_policies: {p: {collections: [{name: c, priority: 200, action: Allow, rules: [{name: r, "
        "protocols: htps}]}]}}",
        "error[VNS1204]: p/c/r: 'htps' is not a protocol of a firewall rule\n"
        "  at topology.yaml:5:108\n"
        "  hint: did you mean 'https'?",
    ),
    (
        "firewall_policies: {p: {collections: [{name: c, priority: 200, kind: nat, action: Dnat, rules: "
        "[{name: r, protocols: TCP}]}]}}",
        "error[VNS1203]: p/c: r needs either translated_address or translated_fqdn\n"
        "  at topology.yaml:5:39\n"
        "  hint: write what the destination becomes: translated_address, or translated_fqdn",
    ),
    (
        "firewall_policies: {p: {collections: [{name: c, priority: 200, action: Allow, rules: [{name: r, "
        "translated_port: 22, translated_fqdn: a.example.com}]}]}}",
        "error[VNS1204]: p/c: r translates, which network rules do not\n"
        "  at topology.yaml:5:39\n"
        "  hint: kind: nat with action: Dnat does",
    ),
    (
        _balancer("rules: [{name: r, frontend: fe, pool: p, port: 0, protocol: '*', backend_port: 80}]"),
        "error[VNS1204]: lb/r: an HA ports rule keeps the port\n"
        "  at topology.yaml:5:132\n"
        "  hint: leave backend_port out",
    ),
    (
        _balancer("sku: Basic, rules: [{name: r, frontend: fe, pool: p, port: 0, protocol: '*'}]"),
        "error[VNS1204]: lb/r: a Basic load balancer has no HA ports rules\n  at topology.yaml:5:164",
    ),
    (
        "load_balancers: {lb: {frontends: {six: {public_ip: '2001:db8::1'}}, pools: {p: [vm]}, rules: "
        "[{name: r, frontend: six, pool: p, port: 80}]}}",
        "error[VNS1204]: lb/p: vm has no IPv6 address\n"
        "  at topology.yaml:5:81\n"
        "  hint: a pool has the family of its frontends: give vm an address of it, or take another frontend",
    ),
    (
        "load_balancers: {lb: {frontends: {many: {public_prefix: 203.0.113.0/30}}, pools: {p: [vm]}, rules: "
        "[{name: r, frontend: many, pool: p, port: 80}]}}",
        "error[VNS1204]: lb/r: many is a prefix, which serves outbound rules only\n  at topology.yaml:5:121",
    ),
    (
        "sql_servers: {sql: {ip_rules: '2001:db8::1'}}",
        "error[VNS1204]: sql: '2001:db8::1' is IPv6, which SQL's firewall does not take\n"
        "  at topology.yaml:5:31\n"
        "  hint: write IPv4 addresses",
    ),
    (
        "key_vaults: {kv: {default_action: Deny, ip_rules: '2001:db8::1'}}",
        "error[VNS1204]: kv: '2001:db8::1' is IPv6, which this firewall does not take\n"
        "  at topology.yaml:5:51\n"
        "  hint: write IPv4 addresses",
    ),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("topology.yaml")


@pytest.mark.parametrize(("line", "printed"), GOLDEN, ids=[printed.split("\n")[0][6:70] for _, printed in GOLDEN])
def test_errors_as_printed(here: Path, line: str, printed: str) -> None:
    here.write_text(FRAME + line, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        scenario_snapshot(here)
    assert str(caught.value) == printed


def test_the_frame_itself_is_right(here: Path) -> None:
    here.write_text(FRAME + _balancer("rules: []"), encoding="utf-8")
    assert len(scenario_snapshot(here).resources) == 6


def test_a_machine_without_an_interface_here_is_no_member(here: Path) -> None:
    machine = "/subscriptions/x/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/far"
    here.write_text(f"{FRAME}load_balancers: {{lb: {{pools: {{p: [{machine}]}}}}}}", encoding="utf-8")
    with pytest.raises(SourceError, match="far has no interface here"):
        scenario_snapshot(here)


def test_one_name_in_two_kinds_of_services_asks_for_the_id(here: Path) -> None:
    endpoint = "private_endpoints: {pe: {subnet: hub/pe, ip: 10.0.1.4, service: st01}}"
    here.write_text(f"{FRAME}key_vaults: {{st01: {{}}}}\n{endpoint}", encoding="utf-8")
    with pytest.raises(SourceError, match="2 resources are named 'st01'") as caught:
        scenario_snapshot(here)
    assert "/providers/Microsoft.KeyVault/vaults/st01 and " in caught.value.hint
