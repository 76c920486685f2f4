"""Which layers of the walk use a kind of resource, what is known to be missing, and the tests that prove the rest."""

from __future__ import annotations

from collections.abc import Mapping

_NETWORK = "tests/network/"
_SYSTEM = f"{_NETWORK}test_system_routes.py::"
_USER = f"{_NETWORK}test_user_routes.py::"
_RULES = f"{_NETWORK}test_filter_rules.py::"
_ADMIN = f"{_NETWORK}test_admin_rules.py::"
_FIREWALL = f"{_NETWORK}test_firewall_rules.py::"
_TAGS = f"{_NETWORK}test_service_tags.py::"
_ANSWERS = "tests/scenarios/test_scenarios.py::test_the_answer_is_the_expected_one"
_SLIDES = "tests/scenarios/test_fta_routes.py::test_the_packet_takes_the_drawn_way"
_ORACLE = "tests/properties/test_walk_equals_oracle.py::test_on_seeded_networks"
_KINDS = "tests/walk/test_kinds_of_resources.py::"
_FIREWALLS = f"{_KINDS}test_the_firewall_of_a_service_asks_for_the_callers_address"
_GROUPS = f"{_NETWORK}test_network_groups.py::"
_CONNECTED = f"{_NETWORK}test_connected_groups.py::"
_PEERED = f"{_NETWORK}test_managed_peerings.py::"
_BALANCERS = f"{_NETWORK}test_balancers.py::"
_LETS_IN = f"{_NETWORK}test_service_firewall.py::"
_ROUTED = f"{_NETWORK}test_managed_routes.py::"
_ENCRYPTION = "tests/walk/test_encryption.py::"
_COUNTERPARTS = f"{_ENCRYPTION}test_a_counterpart_is_encrypted_or_says_what_keeps_it"
_CODED = "tests/properties/test_encryption_equals_oracle.py::test_on_seeded_networks"
_MANAGER = "microsoft.network/networkmanagers"
_BALANCER = "microsoft.network/loadbalancers"
_PERIMETER = "microsoft.network/networksecurityperimeters"

#: ARM type in lower case → what a layer does with it → tests.
WALKED_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "microsoft.eventhub/namespaces/networkrulesets": {
        "address and subnet rules": (f"{_LETS_IN}test_messaging",),
    },
    "microsoft.servicebus/namespaces/networkrulesets": {
        "address and subnet rules": (
            f"{_LETS_IN}test_messaging",
            f"{_LETS_IN}test_that_service_bus_is_open_without_rules_is_an_assumption",
        ),
    },
    "microsoft.sql/servers/firewallrules": {"ranges, 0.0.0.0 for all of Azure": (f"{_LETS_IN}test_sql",)},
    "microsoft.sql/servers/virtualnetworkrules": {
        "subnet rules in force": (f"{_LETS_IN}test_sql_rules_that_are_not_in_force_and_disabled_access",),
    },
    "microsoft.network/expressroutecircuits/peerings": {
        "what a site reaches by the circuit": (
            f"{_NETWORK}test_other_services.py::test_what_a_service_sees_of_on_premises",
        ),
    },
    f"{_BALANCER}/backendaddresspools": {
        "members named by NIC, pool or address": (
            f"{_BALANCERS}test_members_named_from_either_side_or_by_address_are_one",
        ),
    },
    f"{_BALANCER}/frontendipconfigurations": {
        "internal and public frontends": (
            f"{_BALANCERS}test_an_internal_frontend_is_an_endpoint_of_its_subnet",
            f"{_BALANCERS}test_a_public_frontend_lies_with_its_first_backend",
        ),
    },
    f"{_BALANCER}/inboundnatrules": {
        "one port to one NIC, before the balancing rules": (
            f"{_BALANCERS}test_nat_rules_come_first_and_ha_ports_last",
        ),
    },
    f"{_BALANCER}/loadbalancingrules": {
        "ports, HA ports, backends": (
            f"{_BALANCERS}test_a_rule_with_its_probe_and_backends_by_id",
            f"{_BALANCERS}test_nat_rules_come_first_and_ha_ports_last",
        ),
    },
    f"{_BALANCER}/outboundrules": {
        "outbound source by protocol": (
            f"{_NETWORK}test_outbound.py::test_a_load_balancer_carries_the_protocols_of_its_rules",
        ),
    },
    f"{_BALANCER}/probes": {
        "the port that filters must let in": (f"{_BALANCERS}test_a_rule_with_its_probe_and_backends_by_id",),
    },
    f"{_MANAGER}/routingconfigurations": {
        "written where deployed": (f"{_ROUTED}test_what_is_not_said_to_be_deployed_here_writes_nothing",),
    },
    f"{_MANAGER}/routingconfigurations/rulecollections": {
        "managed route tables, propagation": (
            f"{_ROUTED}test_a_new_table_keeps_gateway_routes_out_where_a_collection_says_so_and_an_own_one_stays",
        ),
    },
    f"{_MANAGER}/routingconfigurations/rulecollections/rules": {
        "user-defined routes; those of the table stay": (
            f"{_ROUTED}test_next_hops_are_those_of_user_defined_routes",
            f"{_ROUTED}test_a_destination_that_the_table_has_already_is_left_as_it_is",
        ),
    },
    f"{_PERIMETER}/profiles": {
        "whose rules are asked": (f"{_LETS_IN}test_a_profile_outside_the_export_is_not_guessed",)
    },
    f"{_PERIMETER}/profiles/accessrules": {
        "prefixes, subscriptions, perimeters": (f"{_LETS_IN}test_callers_of_a_service_in_a_perimeter",),
    },
    f"{_PERIMETER}/resourceassociations": {
        "Learning and Enforced against public access": (f"{_LETS_IN}test_the_matrix_of_perimeters",),
    },
    "microsoft.network/serviceendpointpolicies/serviceendpointpolicydefinitions": {
        "listed accounts, groups and subscriptions": (
            f"{_NETWORK}test_other_services.py::test_service_endpoint_policies",
        ),
    },
    "microsoft.authorization/policyassignments": {
        "adds members to network groups where it is enforced": (
            f"{_GROUPS}test_an_assignment_adds_where_it_is_enforced",
        ),
    },
    "microsoft.authorization/policydefinitions": {
        "conditions of network groups": (f"{_GROUPS}test_conditions",),
        "what is not understood leaves membership open": (
            f"{_GROUPS}test_a_policy_that_is_not_understood_leaves_membership_open_and_says_so",
        ),
    },
    "microsoft.authorization/policysetdefinitions": {
        "parameters of its definitions": (f"{_GROUPS}test_a_set_hands_its_parameters_on",),
    },
    "microsoft.compute/virtualmachines": {
        "encryption, by size": (_COUNTERPARTS, "tests/data/test_vm_sizes.py::test_a_size_of_the_list_is_supported"),
        "names its NIC": (f"{_NETWORK}test_network.py::test_a_machine_with_two_interfaces_names_neither",),
    },
    "microsoft.documentdb/databaseaccounts": {
        "its firewall, by public address": (f"{_FIREWALLS}[Microsoft.DocumentDB/databaseAccounts]",),
    },
    "microsoft.eventhub/namespaces": {
        "its firewall, by public address": (f"{_FIREWALLS}[Microsoft.EventHub/namespaces]",),
    },
    "microsoft.keyvault/vaults": {
        "its firewall, by public address": (f"{_FIREWALLS}[Microsoft.KeyVault/vaults]",),
    },
    "microsoft.network/applicationgateways": {
        "sends from its subnet": (f"{_KINDS}test_an_application_gateway_sends_from_its_subnet",),
        "keeps admin rules off its subnet, unless every one there is isolated": (
            f"{_ADMIN}test_application_gateways_exempt_their_subnet_unless_all_are_isolated",
        ),
    },
    "microsoft.network/applicationsecuritygroups": {
        "source and destination of security rules": (
            f"{_RULES}test_application_groups_are_their_members_and_replace_the_address",
            _ORACLE,
        ),
    },
    "microsoft.network/azurefirewalls": {
        "encryption, by tier": (_COUNTERPARTS, _CODED),
        "next hop that forwards": (_SLIDES, _ANSWERS),
        "classic network rules": (f"{_FIREWALL}test_classic_collections_go_by_priority_and_a_policy_replaces_them",),
    },
    "microsoft.network/bastionhosts": {
        "sends from its subnet": (f"{_KINDS}test_bastion_reaches_a_machine_that_lets_its_subnet_in",),
    },
    "microsoft.network/connections": {
        "static gateway routes": (f"{_NETWORK}test_network.py::test_a_vpn_without_bgp_routes_its_sites",),
        "routes of a VPN between virtual networks": (
            f"{_NETWORK}test_network.py::test_a_vpn_between_networks_routes_the_other_address_space",
        ),
    },
    "microsoft.network/expressroutecircuits": {
        "on-premises to a service by the NAT of Microsoft peering": (
            f"{_KINDS}test_on_premises_reaches_a_service_by_the_nat_of_its_circuit",
        ),
    },
    "microsoft.network/firewallpolicies": {
        "parents before their children, private ranges of SNAT": (
            f"{_FIREWALL}test_parents_first_then_group_then_collection_then_rule_order",
            f"{_FIREWALL}test_private_ranges",
        ),
    },
    "microsoft.network/firewallpolicies/rulecollectiongroups": {
        "network rules": (f"{_FIREWALL}test_normal_form_of_a_rule", _ANSWERS),
    },
    "microsoft.network/ipgroups": {
        "source and destination of firewall rules": (f"{_FIREWALL}test_ip_groups_and_what_cannot_be_resolved",),
    },
    "microsoft.network/loadbalancers": {
        "balancing rules, backend port, floating IP": (
            f"{_KINDS}test_a_load_balancer_gives_the_packet_to_a_backend_at_its_own_port",
        ),
    },
    "microsoft.network/localnetworkgateways": {
        "static gateway routes": (f"{_NETWORK}test_network.py::test_a_vpn_without_bgp_routes_its_sites",),
    },
    "microsoft.network/natgateways": {
        "outbound TCP and UDP": (f"{_KINDS}test_a_nat_gateway_carries_tcp_and_udp_only",),
    },
    "microsoft.network/networkinterfaces": {
        "sends, receives, forwards": (_ANSWERS, _ORACLE),
        "encryption, by accelerated networking and `vnetEncryptionSupported`": (_COUNTERPARTS, _CODED),
    },
    "microsoft.network/networkinterfaces/ipconfigurations": {
        "private and public addresses": (f"{_NETWORK}test_network.py::test_details_of_an_endpoint",),
    },
    _MANAGER: {
        "managers by scope": (
            f"{_ADMIN}test_the_manager_of_the_higher_scope_comes_first",
            f"{_GROUPS}test_the_higher_scope_comes_first",
            f"{_GROUPS}test_a_manager_reaches_what_its_scope_holds",
        ),
        "deployed configurations only": (
            f"{_ADMIN}test_rules_reach_members_in_the_region_of_the_deployment_only",
            f"{_ADMIN}test_unknown_deployment_is_said_on_the_rule_and_as_an_issue",
        ),
    },
    f"{_MANAGER}/connectivityconfigurations": {
        "connected groups": (f"{_ADMIN}test_a_connected_group_is_one_row_of_the_other_members_of_the_region",),
        "peering before a connected group": (
            f"{_ADMIN}test_peering_beats_a_connected_group",
            f"{_CONNECTED}test_a_peering_beats_the_group_for_equal_and_covering_prefixes",
        ),
        "ranges of several members": (
            f"{_CONNECTED}test_a_range_of_two_members_stands_in_a_row_that_overlaps",
            f"{_CONNECTED}test_a_member_that_overlaps_an_earlier_one_is_left_out",
        ),
        "peerings of hub and spoke": (
            f"{_PEERED}test_a_deployed_hub_and_spoke_peers_both_ways_with_forwarded_traffic",
            f"{_PEERED}test_existing_peerings_are_deleted_but_for_those_of_the_configuration",
        ),
    },
    f"{_MANAGER}/networkgroups": {
        "source and destination of admin rules": (f"{_ADMIN}test_addresses_tags_and_network_groups",),
    },
    f"{_MANAGER}/networkgroups/staticmembers": {
        "membership": (f"{_ADMIN}test_rules_reach_members_in_the_region_of_the_deployment_only",),
    },
    f"{_MANAGER}/securityadminconfigurations": {
        "exemptions of network intent policies": (f"{_ADMIN}test_network_intent_services_keep_rules_out",),
        "exempt subnets": (f"{_ADMIN}test_exempt_subnets",),
    },
    f"{_MANAGER}/securityadminconfigurations/rulecollections": {
        "collections merged by priority": (f"{_ADMIN}test_collections_are_merged_by_priority_and_ties_by_strictness",),
    },
    f"{_MANAGER}/securityadminconfigurations/rulecollections/rules": {
        "admin rules before the groups": (
            "tests/walk/test_explain.py::test_always_allow_goes_round_the_groups_and_the_reply_takes_the_firewall",
            _ANSWERS,
            _ORACLE,
        ),
    },
    "microsoft.network/networksecuritygroups": {
        "at the NIC and at the subnet, in Azure's order": (
            f"{_NETWORK}test_printed_rules.py::test_the_nics_group_comes_before_the_subnets",
            _ANSWERS,
            _ORACLE,
        ),
    },
    "microsoft.network/networksecuritygroups/securityrules": {
        "by priority, the default rules last": (f"{_RULES}test_rules_come_by_priority_with_the_default_ones_last",),
        "protocols and ports": (
            f"{_RULES}test_protocols_are_iana_numbers",
            f"{_RULES}test_no_port_text_is_taken_for_another",
        ),
        "service tags": (f"{_RULES}test_named_tags_become_prefixes_and_unknown_ones_stay_open",),
        "IPv4 and IPv6": (
            f"{_RULES}test_default_rules_speak_of_both_families",
            f"{_RULES}test_a_written_ipv4_default_is_ipv4_only",
        ),
    },
    "microsoft.network/networksecurityperimeters": {
        "inbound rules of an enforced profile": (f"{_KINDS}test_a_perimeter_decides_for_the_services_in_it",),
    },
    "microsoft.network/privateendpoints": {
        "delivers round the service's firewall while approved": (
            f"{_KINDS}test_a_private_endpoint_goes_round_the_firewall_of_the_service",
        ),
        "its /32 route, here and in direct peers": (
            f"{_SYSTEM}test_a_private_endpoint_is_routed_here_and_in_direct_peers_only",
            f"{_USER}test_when_a_user_route_takes_the_place_of_a_private_endpoint",
        ),
    },
    "microsoft.network/publicipprefixes": {
        "the addresses that a NAT gateway shows": (f"{_KINDS}test_a_service_sees_any_address_of_a_public_prefix",),
    },
    "microsoft.network/serviceendpointpolicies": {
        "which accounts a service endpoint leads to": (
            f"{_KINDS}test_a_service_endpoint_policy_lets_only_listed_accounts_pass",
        ),
    },
    "microsoft.network/virtualnetworkappliances": {
        "next hop that forwards without translating": (
            f"{_KINDS}test_a_routing_appliance_forwards_without_translating",
        ),
    },
    "microsoft.servicebus/namespaces": {
        "its firewall, by public address": (f"{_FIREWALLS}[Microsoft.ServiceBus/namespaces]",),
    },
    "microsoft.sql/servers": {
        "its firewall, by public address": (f"{_FIREWALLS}[Microsoft.Sql/servers]",),
    },
    "microsoft.storage/storageaccounts": {
        "its firewall: address rules and the region": (
            f"{_KINDS}test_an_address_rule_of_storage_is_no_use_in_its_own_region",
        ),
        "its firewall: subnet rules by service endpoint": (
            f"{_KINDS}test_a_subnet_rule_of_storage_needs_the_service_endpoint",
        ),
    },
    "microsoft.network/publicipaddresses": {
        "outbound source, inbound destination; Standard closed by default": (
            f"{_NETWORK}test_network.py::test_public_skus",
            f"{_NETWORK}test_issues.py::test_a_basic_public_ip_is_open_only_without_any_group",
            _ORACLE,
        ),
    },
    "microsoft.network/routetables": {
        "propagation off": (f"{_SYSTEM}test_gateway_routes_need_both_flags_and_propagation",),
        "routes of peerings off": (f"{_SYSTEM}test_a_route_table_can_keep_the_routes_of_peerings_out",),
    },
    "microsoft.network/routetables/routes": {
        "longest prefix, then user before gateway before system": (
            f"{_USER}test_the_longest_prefix_wins_so_a_default_route_captures_no_peer",
            f"{_USER}test_user_routes_beat_learned_ones_of_the_same_prefix",
            _SLIDES,
        ),
        "service tags": (f"{_USER}test_a_route_to_a_tag_holds_its_prefixes",),
        "next hops out of reach": (f"{_USER}test_an_appliance_out_of_reach_answers_none_with_its_address_and_table",),
        "several appliances (ECMP), as routes": (
            f"{_USER}test_a_route_to_several_appliances_lists_them_and_one_within_reach_is_enough",
        ),
    },
    "microsoft.network/virtualnetworkgateways": {
        "learned routes, as declared": (
            f"{_SYSTEM}test_gateway_routes_reach_the_hub_and_the_spoke",
            f"{_NETWORK}test_network.py::test_with_bgp_nobody_knows_until_somebody_says",
        ),
        "on-premises and back": (_SLIDES,),
    },
    "microsoft.network/virtualnetworks": {
        "system routes": (
            f"{_SYSTEM}test_local_routes_are_the_address_space_not_the_subnets",
            f"{_SYSTEM}test_ipv6_networks_have_an_ipv6_default",
        ),
        "encryption, leg by leg": (
            f"{_ENCRYPTION}test_the_code_and_the_codes_that_are_right",
            f"{_ENCRYPTION}test_what_dropunencrypted_would_drop_is_a_projection_only",
            _CODED,
        ),
        "the tag VirtualNetwork": (f"{_TAGS}test_the_tag_is_the_network_its_peers_the_host_and_routed_prefixes",),
    },
    "microsoft.network/virtualnetworks/subnets": {
        "security group, route table, NAT gateway, default outbound access": (_ANSWERS, _ORACLE),
        "service endpoints, as routes": (
            f"{_USER}test_a_service_endpoint_beats_a_default_route",
            f"{_USER}test_a_route_of_equal_or_longer_prefix_to_an_appliance_beats_it",
        ),
    },
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": {
        "routes": (
            f"{_SYSTEM}test_a_peering_routes_each_remote_prefix",
            f"{_SYSTEM}test_a_peering_to_another_region_is_global",
        ),
        "subnet peering": (f"{_SYSTEM}test_subnet_peering_routes_the_listed_remote_subnets_everywhere", _ORACLE),
        "access, forwarded traffic, gateway transit": (
            "tests/conformance/test_families.py::test_as_many_are_right_as_ever[connection checks]",
            _ORACLE,
        ),
    },
}

#: ARM type in lower case → what is not done with it.
NOTES: Mapping[str, str] = {
    "microsoft.network/networksecuritygroups/defaultsecurityrules": "Azure's default rules are built in",
    "microsoft.network/connections": (
        "a packet by a VPN between two virtual networks is not followed beyond the gateway: UNKNOWN"
    ),
}
