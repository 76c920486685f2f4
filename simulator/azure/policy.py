"""Azure Policy, as far as it puts virtual networks and subnets into network groups.

Learn: azure/virtual-network-manager/concept-azure-policy-integration,
azure/governance/policy/concepts/definition-structure
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from simulator.azure.resource import ArmModel, Reference, Resource, Strings, type_of_tuple


def _object(value: Any) -> Any:
    return {} if value is None else value


#: JSON whose names and values are the user's own: conditions and parameters.
JsonObject = Annotated[dict[str, Any], BeforeValidator(_object)]


class PolicyDefinition(Resource):
    """`policy_rule` is ``{"if": condition, "then": {"effect": …, "details": {"networkGroupId": …}}}``."""

    policy_rule: JsonObject = Field({})
    parameters: JsonObject = Field({})


class PolicyReference(ArmModel):
    policy_definition_id: Reference
    parameters: JsonObject = Field({})


class PolicySetDefinition(Resource):
    """An initiative: definitions that are assigned together, each with parameters of its own."""

    policy_definitions: Annotated[tuple[PolicyReference, ...], type_of_tuple] = ()
    parameters: JsonObject = Field({})


class PolicyAssignment(Resource):
    """A definition, or a set of them, assigned to `scope` but for `not_scopes`.

    `enforcement_mode` is Default or DoNotEnforce (the portal says Disabled), which adds nothing. Selectors and
    overrides change what is assigned in ways that are not modelled.
    """

    policy_definition_id: Reference | None = None
    scope: str = ""
    not_scopes: Strings = ()
    enforcement_mode: str = "Default"
    parameters: JsonObject = Field({})
    resource_selectors: Annotated[tuple[dict[str, Any], ...], type_of_tuple] = ()
    overrides: Annotated[tuple[dict[str, Any], ...], type_of_tuple] = ()
