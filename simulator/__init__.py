"""vnetsim: a network simulator and what-if engine for Azure hub-spoke networks."""
