# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# To be sourced. The interface of the PF is in $pf.

# What iproute2 says of one VF, in the words of the program.
by_ip() { # VF
	ip -d -j link show "$pf" | python3 -c '
import json, sys
vf = json.load(sys.stdin)[0]["vfinfo_list"][int(sys.argv[1])]
vlan = vf["vlan_list"][0]
print("mac=%s vlan=%d qos=%d trust=%s spoofchk=%s rate=%d,%d link=%s" % (
    vf["address"], vlan.get("vlan", 0), vlan.get("qos", 0), "on" if vf["trust"] else "off",
    "on" if vf["spoofchk"] else "off", vf["rate"]["max_tx"], vf["rate"]["min_tx"], vf["link_state"]))' "$1"
}
