"""Every mistake in a scenario is told with its value, its line and the way out. The texts are what users see."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.errors import SourceError
from simulator.sources.problems import SeveralErrors
from simulator.sources.scenario import scenario_snapshot

#: A network in which the examples below make one mistake each; `%s` is where they write.
FRAME = """\
virtual_networks:
  hub: {address_space: 10.0.0.0/16, subnets: {web: 10.0.0.0/24, db: {prefix: 10.0.1.0/24}, GatewaySubnet: 10.0.9.0/24}}
  spoke: {address_space: 10.1.0.0/16, subnets: {app: 10.1.0.0/24}}
network_security_groups: {nsg-web: [], nsg-db: []}
virtual_network_gateways: {ergw: {vnet: hub, type: ExpressRoute}}
%s
"""

RULE = "network_security_groups:\n  nsg-web:\n    - {name: AllowWeb, priority: 100, direction: Inbound, access: Allow"

#: Whole file (or the sixth line of FRAME, where it begins with `+`) → the error as the command line prints it.
GOLDEN: list[tuple[str, str]] = [
    (
        RULE.replace("100", "90") + "}",
        "error[VNS2004]: nsg-web/AllowWeb: priority 90 is below Azure's minimum of 100\n"
        "  at topology.yaml:3:34\n"
        "  hint: priorities run from 100 to 4096",
    ),
    (
        RULE.replace("100", "5000") + "}",
        "error[VNS2004]: nsg-web/AllowWeb: priority 5000 is above Azure's maximum of 4096\n"
        "  at topology.yaml:3:34\n"
        "  hint: priorities run from 100 to 4096",
    ),
    (
        RULE.replace("100", '"100"') + "}",
        "error[VNS1204]: nsg-web/AllowWeb: priority should be a whole number, not '100'\n"
        "  at topology.yaml:3:34\n"
        "  hint: write it without quotes and without a decimal point",
    ),
    (
        RULE.replace("Inbound", "Inbond") + "}",
        "error[VNS1204]: nsg-web/AllowWeb: direction cannot be 'Inbond'\n"
        "  at topology.yaml:3:50\n"
        "  hint: did you mean 'Inbound'?",
    ),
    (
        RULE + ", prot: Tcp}",
        "error[VNS1202]: nsg-web/AllowWeb: unknown key 'prot'\n"
        "  at topology.yaml:3:74\n"
        "  hint: did you mean 'protocol'?",
    ),
    (
        RULE + ", ports: [80, 70000]}",
        "error[VNS1206]: nsg-web/AllowWeb: port 70000 is above 65535\n"
        "  at topology.yaml:3:86\n"
        "  hint: ports run from 0 to 65535",
    ),
    (
        RULE + ", ports: 90-80}",
        "error[VNS1206]: nsg-web/AllowWeb: the range '90-80' runs downwards\n"
        "  at topology.yaml:3:81\n"
        "  hint: write 80-90",
    ),
    (
        RULE + ", source: 10.0.0.300}",
        "error[VNS1206]: nsg-web/AllowWeb: '10.0.0.300' is not an address, a prefix or a service tag\n"
        "  at topology.yaml:3:82\n"
        "  hint: write *, an address, a prefix such as 10.1.0.0/24, or a service tag such as Internet",
    ),
    (
        RULE + ", source: Internet, source_asgs: asg}",
        "error[VNS1207]: nsg-web/AllowWeb: source and source_asgs exclude each other\n"
        "  at topology.yaml:3:7\n"
        "  hint: keep one of the two",
    ),
    (
        RULE + ", source_asgs: asg}",
        "error[VNS1205]: nsg-web/AllowWeb: no application security group is named 'asg'\n"
        "  at topology.yaml:3:87\n"
        "  hint: this file has no application security group: write one, or give an id",
    ),
    (
        RULE + "}\n    - {name: Other, priority: 100, direction: Inbound, access: Deny}",
        "error[VNS2005]: nsg-web/Other: priority 100 is taken by AllowWeb (Inbound)\n"
        "  at topology.yaml:4:31\n"
        "  hint: a priority is unique within one direction of a group",
    ),
    (
        "network_security_groups:\n  nsg-web:\n",
        "error[VNS1204]: nsg-web should be a list, but it is empty\n"
        "  at topology.yaml:2:11\n"
        "  hint: write [] for none, or leave the key out",
    ),
    (
        "virtual_networks:\n  hub: {address_spce: 10.0.0.0/16, address_space: 10.0.0.0/16}",
        "error[VNS1202]: hub: unknown key 'address_spce'\n  at topology.yaml:2:9\n  hint: did you mean "
        "'address_space'?",
    ),
    (
        "virtual_networks:\n  hub: {subnets: {}}",
        "error[VNS1203]: hub: address_space is missing\n  at topology.yaml:2:3\n  hint: add address_space: …",
    ),
    (
        "virtual_networks:\n  hub: {address_space: 10.0.0.0/16, subnets: {a: 10.0.0.5/24}}",
        "error[VNS1206]: hub/a: '10.0.0.5/24' has bits beyond its length\n"
        "  at topology.yaml:2:50\n"
        "  hint: the prefix that holds it is 10.0.0.0/24",
    ),
    (
        "virtual_networks:\n  hub: {address_space: 10.0.0.0/16, subnets: {a: 10.0.0.0/24, b: 10.0.0.128/25}}",
        "error[VNS2002]: hub/b: 10.0.0.128/25 overlaps 10.0.0.0/24 of hub/a\n"
        "  at topology.yaml:2:66\n"
        "  hint: subnets of one VNet must not share addresses",
    ),
    (
        "virtual_networks:\n  hub: {address_space: 10.0.0.0/16, subnets: {a: {prefix: 10.1.0.0/24}}}",
        "error[VNS2001]: hub/a: 10.1.0.0/24 lies outside the address space of hub (10.0.0.0/16)\n"
        "  at topology.yaml:2:59\n"
        "  hint: widen address_space, or move the subnet into it",
    ),
    (
        "virtual_networks:\n  hub: {address_space: 10.0.0.0/16, subnets: {a: {prefix: 10.0.0.0/24, "
        "default_outbound_access: no}}}",
        "error[VNS1204]: hub/a: default_outbound_access should be true or false, not 'no'\n"
        "  at topology.yaml:2:97\n"
        "  hint: YAML 1.2 knows only true and false; yes, no, on and off are text",
    ),
    (
        "virtual_networks:\n  a/b: {address_space: 10.0.0.0/16}",
        "error[VNS1204]: 'a/b' is not a name that Azure takes\n"
        "  at topology.yaml:2:3\n"
        "  hint: a name has 1 to 80 letters, digits, '_', '.' or '-', and begins and ends with a letter, digit or '_'",
    ),
    (
        "virtual_networks:\n  hub: {address_space: 10.0.0.0/16}\n  HUB: {address_space: 10.1.0.0/16}",
        "error[VNS1207]: HUB: another virtual network has this name; Azure does not tell upper from lower case\n"
        "  at topology.yaml:3:3\n"
        "  hint: rename one of the two",
    ),
    (
        "+peerings: [{from: hub, to: spok}]",
        "error[VNS1205]: peerings[0]: no virtual network is named 'spok'\n"
        "  at topology.yaml:6:28\n"
        "  hint: did you mean 'spoke'?",
    ),
    (
        "+peerings: [{hub: hub, spokes: [spoke, sooke]}]",
        "error[VNS1205]: peerings[0]: no virtual network is named 'sooke'\n"
        "  at topology.yaml:6:39\n"
        "  hint: did you mean 'spoke'?",
    ),
    (
        "+peerings: [{hub: hub, spokes: spoke}, {from: hub, to: spoke}]",
        "error[VNS1207]: the link from hub to spoke is written twice\n"
        "  at topology.yaml:6:39\n"
        "  hint: keep one; hub and spokes already makes both links",
    ),
    (
        "+peerings: [{from: hub, to: hub}]",
        "error[VNS1204]: hub is peered with itself\n  at topology.yaml:6:12\n  hint: name another VNet",
    ),
    (
        "+peerings: [{from: hub, to: spoke, remote_subnets: [web]}]",
        "error[VNS1205]: peerings[0]: spoke has no subnet named 'web'\n  at topology.yaml:6:52\n  hint: known are: app",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub/web}}",
        "error[VNS1203]: vm: needs either ip or ips\n"
        "  at topology.yaml:6:24\n"
        "  hint: Azure would pick a free address; a scenario says which",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub/wbe, ip: 10.0.0.4}}",
        "error[VNS1205]: vm: hub has no subnet named 'wbe'\n  at topology.yaml:6:33\n  hint: did you mean 'web'?",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub, ip: 10.0.0.4}}",
        "error[VNS1205]: vm: 'hub' is not a subnet\n"
        "  at topology.yaml:6:33\n"
        "  hint: write vnet/subnet, such as vnet-hub/VmSubnet1",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub/web, ip: 10.0.1.4}}",
        "error[VNS2029]: vm: 10.0.1.4 lies outside hub/web (10.0.0.0/24)\n"
        "  at topology.yaml:6:46\n"
        "  hint: for example, 10.0.0.4 is free there",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub/web, ip: 10.0.0.3}}",
        "error[VNS2029]: vm: 10.0.0.3 is kept by Azure in hub/web (10.0.0.0/24)\n"
        "  at topology.yaml:6:46\n"
        "  hint: for example, 10.0.0.4 is free there",
    ),
    (
        "+virtual_machines: {a: {subnet: hub/web, ip: 10.0.0.4}, b: {subnet: hub/web, ips: [10.0.0.5, 10.0.0.4]}}",
        "error[VNS2028]: b: 10.0.0.4 is the address of a too\n"
        "  at topology.yaml:6:93\n"
        "  hint: an address is unique within a VNet",
    ),
    (
        "+virtual_machines: {vm: {subnet: hub/web, ip: 10.0.0.4, nsg: nsg-webb}}",
        "error[VNS1205]: vm: no network security group is named 'nsg-webb'\n"
        "  at topology.yaml:6:61\n"
        "  hint: did you mean 'nsg-web'?",
    ),
    (
        "+route_tables: {rt: {routes: {default: 0.0.0.0/0 > 10.0.0.4}}}",
        "error[VNS1204]: rt/default: '0.0.0.0/0 > 10.0.0.4' is not a route\n"
        "  at topology.yaml:6:39\n"
        "  hint: write prefix -> next hop, such as 0.0.0.0/0 -> 10.1.1.4",
    ),
    (
        "+route_tables: {rt: {routes: {default: 0.0.0.0/0 -> Internt}}}",
        "error[VNS1206]: rt/default: 'Internt' is neither an IP address nor a next hop type\n"
        "  at topology.yaml:6:39\n"
        "  hint: write an address, or one of VirtualAppliance, VirtualApplianceEcmp, VirtualNetworkGateway, "
        "VnetLocal, Internet, None",
    ),
    (
        "+route_tables: {rt: {routes: {a: {prefix: 0.0.0.0/0, next_hop: 10.0.1.4, ip: 10.0.1.5}}}}",
        "error[VNS1204]: rt/a: next_hop 10.0.1.4 takes no ip\n"
        "  at topology.yaml:6:77\n"
        "  hint: ip belongs to next_hop: VirtualAppliance",
    ),
    (
        "+route_tables: {rt: {routes: {a: 10.0.0.0/8 -> None, b: 10.0.0.0/8 -> Internet}}}",
        "error[VNS2034]: rt/b: 10.0.0.0/8 is the prefix of a too\n"
        "  at topology.yaml:6:56\n"
        "  hint: a route table has one route for a prefix",
    ),
    (
        "+on_premises: {hq: {prefixes: 192.168.0.0/16, gateway: ergw, hosts: {dc: 10.0.0.1}}}",
        "error[VNS1208]: hq/dc: 10.0.0.1 lies outside 192.168.0.0/16\n"
        "  at topology.yaml:6:73\n"
        "  hint: add its prefix to hq",
    ),
    (
        "+azure_firewalls: {fw: {vnet: hub}}",
        "error[VNS1205]: fw: hub has no AzureFirewallSubnet\n"
        "  at topology.yaml:6:30\n"
        "  hint: add AzureFirewallSubnet to the subnets of hub",
    ),
    (
        "+network_managers: {m: {network_groups: {prod: [hub]}, deployments: {westeurope: [baseline]}}}",
        "error[VNS1205]: m/westeurope: no configuration is named 'baseline'\n"
        "  at topology.yaml:6:82\n"
        "  hint: write a configuration first",
    ),
    (
        "firewall_policies: {p: {collections: [{name: c, priority: 200, action: Dnat}]}}",
        "error[VNS1204]: p/c: a network collection cannot Dnat\n"
        "  at topology.yaml:1:39\n"
        "  hint: nat collections have Dnat, others Allow or Deny",
    ),
    (
        "assumptions: {se_beat_udr: true}",
        "error[VNS1202]: there is no assumption 'se_beat_udr'\n"
        "  at topology.yaml:1:15\n"
        "  hint: did you mean 'se_beats_udr'?",
    ),
    (
        "assumptions: {se_beats_udr: maybe}",
        "error[VNS1204]: se_beats_udr: an assumption is true or false, not 'maybe'\n"
        "  at topology.yaml:1:29\n"
        "  hint: write true or false",
    ),
    (
        "include: ../elsewhere.json",
        "error[VNS1012]: '../elsewhere.json' leads out of the folder\n"
        "  at topology.yaml:1:10\n"
        "  hint: name files below the folder of the file that includes them",
    ),
    (
        "name: a\nname: b",
        "error[VNS1008]: the key 'name' is given twice\n"
        "  at topology.yaml:2:1\n"
        "  hint: it stands first at line 1, column 1; keep one of the two",
    ),
    (
        "- a list",
        "error[VNS1201]: not a scenario: the file is ['a list']\n"
        "  at topology.yaml:1:1\n"
        "  hint: a scenario begins with keys such as name: and virtual_networks:",
    ),
    (
        "",
        "error[VNS1201]: not a scenario: the file is empty\n"
        "  at topology.yaml:1:1\n"
        "  hint: a scenario begins with keys such as name: and virtual_networks:",
    ),
    (
        "name: hub\npeerings: [{hub: a}]\nlocation: 5",
        "error[VNS1016]: 2 errors in topology.yaml\n"
        "  error[VNS1203]: peerings[0]: spokes is missing\n"
        "    at topology.yaml:2:12\n"
        "    hint: add spokes: …\n"
        "  error[VNS1204]: location should be text, not 5\n"
        "    at topology.yaml:3:11\n"
        "    hint: put it in quotes",
    ),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("topology.yaml")


@pytest.mark.parametrize(("text", "printed"), GOLDEN, ids=[printed.split("\n")[0][6:70] for _, printed in GOLDEN])
def test_errors_as_printed(here: Path, text: str, printed: str) -> None:
    here.write_text(FRAME % text[1:] if text.startswith("+") else text, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        scenario_snapshot(here)
    assert str(caught.value) == printed


def test_the_frame_itself_is_right(here: Path) -> None:
    here.write_text(FRAME % "", encoding="utf-8")
    assert len(scenario_snapshot(here).virtual_networks) == 2


def test_many_errors_are_counted_and_the_first_are_shown(here: Path) -> None:
    here.write_text("\n".join(f"key{n}: 1" for n in range(50)), encoding="utf-8")
    with pytest.raises(SeveralErrors) as caught:
        scenario_snapshot(here)
    assert len(caught.value.errors) == 20
    assert str(caught.value).startswith(
        "error[VNS1016]: 50 errors in topology.yaml\n  error[VNS1202]: unknown key 'key0'\n"
    )
    assert str(caught.value).endswith("\n  … and 30 more")
