"""Network security perimeters: services in one perimeter reach each other, others only by its rules.

Learn: azure/private-link/network-security-perimeter-concepts, azure/private-link/network-security-perimeter-transition
"""

from typing import Annotated, Any

from pydantic import model_validator

from simulator.azure.resource import Reference, Resource, Strings, id_of, lift, type_of_tuple


class PerimeterAccessRule(Resource):
    """Inbound rules admit address prefixes, subscriptions or perimeters; outbound rules name domains."""

    direction: str = "Inbound"
    address_prefixes: Strings = ()
    fully_qualified_domain_names: Strings = ()
    subscriptions: Strings = ()

    @model_validator(mode="before")
    @classmethod
    def _subscription_ids(cls, value: Any) -> Any:
        """ARM writes ``subscriptions: [{"id": …}]``."""
        fields = lift(value) if isinstance(value, dict) else {}
        held = fields.get("subscriptions")
        return {**fields, "subscriptions": [id_of(one) for one in held]} if isinstance(held, list) else value


class PerimeterProfile(Resource):
    access_rules: Annotated[tuple[PerimeterAccessRule, ...], type_of_tuple] = ()


class PerimeterAssociation(Resource):
    """Puts one service under one profile. `access_mode` is Learning (default), Enforced or Audit."""

    private_link_resource: Reference | None = None
    profile: Reference | None = None
    access_mode: str = "Learning"


class NetworkSecurityPerimeter(Resource):
    profiles: Annotated[tuple[PerimeterProfile, ...], type_of_tuple] = ()
    resource_associations: Annotated[tuple[PerimeterAssociation, ...], type_of_tuple] = ()
