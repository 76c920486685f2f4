"""What is left out of an export is left out whole, and said with its place."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.azure.firewall import FirewallPolicy
from simulator.azure.network_interface import NetworkInterface
from simulator.azure.network_manager import NetworkManager
from simulator.azure.resource import ResourceId
from simulator.azure.security_group import NetworkSecurityGroup
from simulator.azure.snapshot import Issue, Snapshot
from simulator.azure.virtual_network import VirtualNetwork
from simulator.sources.resource_json import resources_snapshot

GROUP = "/subscriptions/s/resourceGroups/g/providers"
NETWORK = f"{GROUP}/Microsoft.Network"


def read(*resources: dict[str, Any]) -> Snapshot:
    return resources_snapshot([("nsgs.json", [*resources])])


def brief(issue: Issue) -> str:
    return "\n".join(filter(None, [f"{issue.severity} {issue.code} {issue.message}", issue.place, issue.hint]))


def nsg(*rules: dict[str, Any], name: str = "nsg-web") -> dict[str, Any]:
    return {"id": f"{NETWORK}/networkSecurityGroups/{name}", "properties": {"securityRules": [*rules]}}


def rule(name: str = "AllowWeb", **changes: Any) -> dict[str, Any]:
    fields = {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "TCP"}
    return {"name": name, "properties": fields | {"destinationPortRange": "443"} | changes}


VNET = {
    "id": f"{NETWORK}/virtualNetworks/v",
    "type": "microsoft.network/virtualnetworks",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": []},
}

#: What is read → every issue, and the names of what is kept.
ISSUES: list[tuple[str, list[dict[str, Any]], list[str], list[str]]] = [
    (
        "a value that does not fit",
        [VNET, nsg(), nsg(rule(), rule("Late", priority="soon"), name="bad")],
        ["nsg-web", "v"],
        [
            "error VNS1101 bad/Late: priority 'soon' does not fit: should be a valid integer, unable to parse "
            "string as "
            "an integer; the resource is left out\n"
            "nsgs.json[2].securityRules[1].priority\n"
            "export the resource again with Resource Graph or `az network … list -o json`"
        ],
    ),
    (
        "missing properties",
        [nsg({"name": "Half", "properties": {"direction": "Inbound"}})],
        [],
        [
            "error VNS1101 nsg-web/Half: priority is missing (and 1 more); the resource is left out\n"
            "nsgs.json[0].securityRules[0].priority\n"
            "export the resource again with Resource Graph or `az network … list -o json`"
        ],
    ),
    (
        "a word that Azure does not know",
        [nsg(rule(direction="Sideways"))],
        [],
        [
            "error VNS1101 nsg-web/AllowWeb: direction 'Sideways' does not fit: should be 'Inbound' or 'Outbound'; the "
            "resource is left out\n"
            "nsgs.json[0].securityRules[0].direction\n"
            "export the resource again with Resource Graph or `az network … list -o json`"
        ],
    ),
    (
        "no id",
        [
            {"type": "Microsoft.Network/routeTables", "name": "rt", "properties": {}},
            {"id": 5, "type": "Microsoft.Network/routeTables"},
        ],
        [],
        [
            "error VNS1101 rt: None is not the id of an Azure resource\nnsgs.json[0]\n"
            "export the resource again with Resource Graph or `az network … list -o json`",
            "error VNS1101 microsoft.network/routetables: 5 is not the id of an Azure resource\nnsgs.json[1]\n"
            "export the resource again with Resource Graph or `az network … list -o json`",
        ],
    ),
    (
        "an id that is an expression",
        [
            {
                "id": "[resourceId('Microsoft.Network/routeTables', 'rt')]",
                "type": "Microsoft.Network/routeTables",
                "properties": {},
            }
        ],
        [],
        [
            "error VNS1101 microsoft.network/routetables: \"[resourceId('Microsoft.Network/routeTables', "
            "'rt')]\" is not the "
            "id of an Azure resource\nnsgs.json[0]\n"
            "give resolved values: `bicep snapshot` with --subscription-id, --resource-group and --location"
        ],
    ),
    (
        "an expression where a rule needs a value",
        [nsg(rule(sourceAddressPrefix="[parameters('source')]"))],
        [],
        [
            "error VNS1104 nsg-web/AllowWeb: sourceAddressPrefix is the unresolved expression "
            "\"[parameters('source')]\"; the "
            "resource is left out\n"
            "nsgs.json[0].securityRules[0].sourceAddressPrefix\n"
            "give resolved values: `bicep snapshot` with --subscription-id, --resource-group and --location"
        ],
    ),
    (
        "an expression where a value may be unknown",
        [VNET | {"location": "[resourceGroup().location]"}],
        ["v"],
        [
            "warning VNS1104 v: location is the unresolved expression '[resourceGroup().location]'; it counts as "
            "unknown\n"
            "nsgs.json[0].location\n"
            "give resolved values: `bicep snapshot` with --subscription-id, --resource-group and --location"
        ],
    ),
    (
        "a child without its parent",
        [
            {"id": f"{NETWORK}/networkSecurityGroups/gone/securityRules/a", **rule("a")},
            {"id": f"{NETWORK}/networkSecurityGroups/gone/securityRules/b", **rule("b")},
        ],
        [],
        [
            "warning VNS1102 gone is not in the export, so its 2 securityrules (a, …) are left out\nnsgs.json[0]\n"
            f"export {NETWORK}/networkSecurityGroups/gone too"
        ],
    ),
    (
        "a child that cannot be read",
        [nsg(), {"id": f"{NETWORK}/networkSecurityGroups/nsg-web/securityRules/a", **rule("a", access="Maybe")}],
        [],
        [
            "error VNS1101 a: access 'Maybe' does not fit: should be 'Allow' or 'Deny'; the resource is left out\n"
            "nsgs.json[1].access\n"
            "export the resource again with Resource Graph or `az network … list -o json`",
            "error VNS1101 nsg-web is left out because one of its children could not be read\nnsgs.json[0]\n"
            "mend the child that is named beside this",
        ],
    ),
    (
        "rule collection groups that are only named",
        [
            {
                "id": f"{NETWORK}/firewallPolicies/pol",
                "properties": {
                    "ruleCollectionGroups": [{"id": f"{NETWORK}/firewallPolicies/pol/ruleCollectionGroups/net"}]
                },
            }
        ],
        [],
        [
            "error VNS1108 pol is left out: 1 of its ruleCollectionGroups (net, …) are not in the "
            "export\nnsgs.json[0]\n"
            "export them too; half of it would answer wrongly"
        ],
    ),
    (
        "the answer of az resource list",
        [
            {
                "id": f"{NETWORK}/networkSecurityGroups/a",
                "type": "Microsoft.Network/networkSecurityGroups",
                "properties": None,
            },
            {
                "id": f"{NETWORK}/networkSecurityGroups/b",
                "type": "Microsoft.Network/networkSecurityGroups",
                "location": "x",
            },
            {"id": f"{NETWORK}/applicationSecurityGroups/c", "type": "Microsoft.Network/applicationSecurityGroups"},
        ],
        ["c"],
        [
            "error VNS1108 2 of type microsoft.network/networksecuritygroups left out: only their names are "
            "here, their "
            "properties are missing\nnsgs.json[0]\n"
            "`az resource list` and queries that project columns leave properties out: use `az network … list -o json`"
        ],
    ),
    (
        "two contents for one id",
        [nsg(rule()), nsg(rule()), nsg(rule(priority=200))],
        ["nsg-web"],
        [
            "warning VNS1103 nsg-web is given twice with different contents; the later one is used\nnsgs.json[2]\n"
            "the other stands at nsgs.json[1]; export everything at one moment"
        ],
    ),
    (
        "kinds that are not modelled",
        [
            VNET,
            {"id": f"{NETWORK}/virtualHubs/h1", "type": "Microsoft.Network/virtualHubs", "properties": {}},
            {"id": f"{NETWORK}/virtualHubs/h2", "type": "microsoft.network/virtualhubs", "properties": {}},
            {"id": f"{GROUP}/Microsoft.Web/sites/s", "type": "Microsoft.Web/sites"},
            {"id": f"{GROUP}/Microsoft.Compute/disks/d"},
            {"type": "Oddly.Named"},
        ],
        ["v"],
        [
            f"info VNS1105 2 of type microsoft.network/virtualhubs not modelled, for example {NETWORK}/virtualHubs/h1\n"
            f"{NETWORK}/virtualHubs/h1",
            "info VNS1106 3 resources of other kinds were left out: microsoft.compute/disks, microsoft.web/sites, "
            "oddly.named",
        ],
    ),
    (
        "entries that are no resources",
        [VNET, {"records": [{"records": []}]}],
        ["v"],
        [
            "error VNS1107 an entry without id and type is no resource and was left out: {'records': "
            "[{...}]}\nnsgs.json[1]\n"
            "one list holds resources only; lists within lists are not read"
        ],
    ),
    (
        "a network manager alone",
        [{"id": f"{NETWORK}/networkManagers/avnm", "properties": {"networkManagerScopes": {}}}],
        ["avnm"],
        [
            "warning VNS1110 avnm has no configuration in the export: what it deploys, if anything, is not applied\n"
            f"{NETWORK}/networkManagers/avnm\n"
            "export what lies under it: networkGroups, and securityAdmin-, connectivity- and routingConfigurations"
        ],
    ),
]


@pytest.mark.parametrize(("resources", "kept", "issues"), [row[1:] for row in ISSUES], ids=[row[0] for row in ISSUES])
def test_issues(resources: list[dict[str, Any]], kept: list[str], issues: list[str]) -> None:
    snapshot = read(*resources)
    assert [brief(issue) for issue in snapshot.issues] == issues
    assert sorted(identity.name for identity in snapshot.resources) == kept


def test_children_replace_references_and_join_inline_ones() -> None:
    policy = f"{NETWORK}/firewallPolicies/pol"
    snapshot = read(
        {"id": f"{policy}/ruleCollectionGroups/net", "properties": {"priority": 200, "ruleCollections": []}},
        {"id": policy.upper(), "properties": {"ruleCollectionGroups": [{"id": f"{policy}/ruleCollectionGroups/NET"}]}},
        VNET | {"properties": {"subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}},
        {"id": f"{NETWORK}/virtualNetworks/v/subnets/b", "addressPrefix": "10.0.1.0/24"},
    )
    assert snapshot.issues == ()
    (held,) = snapshot.all(FirewallPolicy)
    assert [(group.name, group.priority) for group in held.rule_collection_groups] == [("net", 200)]
    (network,) = snapshot.all(VirtualNetwork)
    assert [(subnet.name, subnet.prefixes) for subnet in network.subnets] == [
        ("a", ("10.0.0.0/24",)),
        ("b", ("10.0.1.0/24",)),
    ]
    assert network.subnets[0].id == ResourceId(f"{NETWORK}/virtualNetworks/v/subnets/a")


def test_a_child_that_differs_from_its_parent_wins_with_a_warning() -> None:
    own = {"id": f"{NETWORK}/networkSecurityGroups/nsg-web/securityRules/ALLOWWEB", **rule("ALLOWWEB", priority=200)}
    snapshot = read(nsg(rule()), own)
    assert [issue.code for issue in snapshot.issues] == ["VNS1103"]
    (group,) = snapshot.all(NetworkSecurityGroup)
    assert [held.priority for held in group.security_rules] == [200]


def test_network_manager_children_are_hung_on_every_level() -> None:
    manager = f"{NETWORK}/networkManagers/avnm"
    admin = f"{manager}/securityAdminConfigurations/baseline"
    snapshot = read(
        {"id": f"{admin}/ruleCollections/block/rules/no-rdp", **rule("no-rdp", access="AlwaysAllow")},
        {"id": f"{admin}/ruleCollections/block", "properties": {"appliesToGroups": []}},
        {"id": f"{manager}/networkGroups/prod/staticMembers/m", "properties": {"resourceId": VNET["id"]}},
        {"id": admin, "properties": {}},
        {"id": f"{manager}/networkGroups/prod", "properties": {}},
        {"id": manager, "properties": {}},
    )
    assert snapshot.issues == ()
    (held,) = snapshot.all(NetworkManager)
    (configuration,) = held.security_admin_configurations
    assert [found.access for found in configuration.rule_collections[0].rules] == ["AlwaysAllow"]
    assert held.network_groups[0].static_members[0].resource_id == ResourceId(str(VNET["id"]))


def test_nics_learn_their_machine_and_take_ip_configurations() -> None:
    nic, machine = f"{NETWORK}/networkInterfaces/nic", f"{GROUP}/Microsoft.Compute/virtualMachines/vm"
    snapshot = read(
        {"id": machine, "properties": {"networkProfile": {"networkInterfaces": [{"id": nic.upper()}]}}},
        {"id": nic, "properties": {"ipConfigurations": [{"id": f"{nic}/ipConfigurations/one"}]}},
        {"id": f"{nic}/ipConfigurations/one", "name": "one", "properties": {"privateIPAddress": "10.0.0.4"}},
    )
    assert snapshot.issues == ()
    (held,) = snapshot.all(NetworkInterface)
    assert held.virtual_machine == ResourceId(machine)
    assert [found.private_ip_address for found in held.ip_configurations] == ["10.0.0.4"]


def test_nics_of_scale_sets_are_nics() -> None:
    scale_set = f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets/web/virtualMachines/0/networkInterfaces/nic"
    snapshot = read({"id": scale_set, "properties": {"ipConfigurations": []}})
    assert [held.name for held in snapshot.network_interfaces] == ["nic"]


def test_expressions_in_what_is_not_read_do_not_matter() -> None:
    snapshot = read(VNET | {"tags": {"owner": "[parameters('owner')]"}}, nsg(rule(description="[[literal]")))
    assert snapshot.issues == ()
    assert len(snapshot.resources) == 2
