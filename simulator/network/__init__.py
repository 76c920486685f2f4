"""Snapshot in, Network out: references resolved, and Azure's inheritance (tags, rules, routes) worked out.

Issues of this room. `error`: Azure would have refused it; `warning`: the answer may differ from Azure's.

======== ====================================================================================================
VNS2001  a subnet outside its virtual network                  VNS2002  subnets or prefixes that overlap
VNS2003  peered virtual networks with overlapping space        VNS2004  a rule priority outside Azure's range
VNS2005  a priority given twice                                VNS2006  a peering to a VNet outside the export
VNS2007  a peering with one link                               VNS2008  a security group that is not in the export
VNS2009  a route table that is not in the export               VNS2010  an unknown service tag
VNS2011  an unknown application security group                 VNS2012  a next hop that no endpoint answers
VNS2013  a next hop out of reach                               VNS2014  a network interface without an address
VNS2015  a gateway with unknown learned routes                 VNS2016  an AVNM configuration, deployment unknown
VNS2017  a subnet that is not in the export                    VNS2018  text that is no prefix, address or port
VNS2019  a public IP that is not in the export                 VNS2020  a firewall policy that is not in the export
VNS2021  a firewall without a private address                  VNS2022  a network group whose members are unknown
VNS2023  a service endpoint without known prefixes             VNS2024  admin rules of equal priority
VNS2025  a route to a service tag                              VNS2026  a peering that is out of sync
VNS2027  a Basic public IP (retired 2025-09-30)                VNS2028  one address on two network interfaces
VNS2029  an address outside its subnet                         VNS2030  a security group where Azure takes none
VNS2031  gateway transit that cannot work                      VNS2032  VirtualNetwork that holds everything
VNS2033  peering sides that differ on forwarded traffic        VNS2034  one route prefix given twice
VNS2035  an IP group that is not in the export                 VNS2036  a firewall rule on names (FQDN)
VNS2037  a gateway without a subnet                            VNS2038  a subnet with an id of another VNet
VNS2039  disablePeeringRoute, a preview                        VNS2040  a load balancer that is not in the export
VNS2041  a load balancer member that is not in the export      VNS2042  a Basic load balancer (retired 2025-09-30)
VNS2043  a NAT gateway that is not in the export               VNS2044  a private endpoint or service not in the export
VNS2045  a service endpoint policy that is not in the export   VNS2046  public peering (retired), or not two addresses
VNS2047  a Microsoft peering without declared NAT              VNS2048  a firewall that learns ranges it does not SNAT
VNS2049  threat intelligence that may deny                     VNS2050  a perimeter profile that is not in the export
VNS2051  secured by a perimeter that is not in the export
======== ====================================================================================================
"""
