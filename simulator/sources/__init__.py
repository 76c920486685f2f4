"""Topology text in, Snapshot out.

Codes of this room, never reused for another meaning:

======== ====================================================================================================
VNS1001  the file or folder does not exist or cannot be opened      VNS1002  a folder without anything to read
VNS1003  larger than is read                                        VNS1004  nested deeper than is read
VNS1005  not text                                                   VNS1006  not JSON
VNS1007  not YAML                                                   VNS1008  a YAML key given twice
VNS1009  several YAML documents in one file                         VNS1010  YAML aliases that grow too large
VNS1011  a YAML tag or key that is not read                         VNS1012  a path that leads out of its folder
VNS1013  JSON without any Azure resource                            VNS1014  a kind of file that is not read yet
VNS1015  an answer of Azure instead of a configuration              VNS1016  several errors in one file
VNS1101  a resource that does not fit its kind                      VNS1102  a child resource without its parent
VNS1103  one id with two contents                                   VNS1104  an ARM template expression without a value
VNS1105  a kind of network resource that is not modelled            VNS1106  resources of other services, left out
VNS1107  an entry that is no resource                               VNS1108  a resource of which only the name is there
VNS1109  one page of a longer answer                                VNS1110  a network manager without configurations
VNS1111  a service without the rules that ARM keeps beside it
VNS1201  not a scenario                                             VNS1202  an unknown key in a scenario
VNS1203  a missing key                                              VNS1204  a value that does not fit its key
VNS1205  a name that nothing has                                    VNS1206  not an address, prefix or port
VNS1207  the same thing said twice                                  VNS1208  a host outside its network
======== ====================================================================================================

Mistakes that Azure itself would refuse carry the codes of the network room (VNS2xxx).
"""
