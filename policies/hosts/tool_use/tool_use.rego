# METADATA
# title: Hosts that tools must not reach
# description: "`data.hosts.denied` maps hosts to the reason: cloud metadata services as shipped."
# schemas:
#   - input: schema.tool_use
package policies.hosts.tool_use

# METADATA
# title: A denied host
deny contains {"id": "host-denied", "message": message, "severity": "high"} if {
	some host in input.input.hosts
	reason := data.hosts.denied[host]
	message := concat("", ["this host may not be reached: ", reason, "; use another source"])
}
