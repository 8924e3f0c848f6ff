# METADATA
# title: What becomes of denied tool calls
# description: >-
#   Clients listed in `data.tools.continue_for` (by `x-app`) get a denied call as an error result and go on; for all others
#   the call is replaced by a text and the turn ends.
# schemas:
#   - input: schema.request
package policies.tools.request

# METADATA
# title: The client goes on after a denied call
directive contains {"on_tool_deny": "continue"} if data.tools.continue_for[input.client.app]

# METADATA
# title: Tools denied for everybody need no further look
directive contains {"deny_tools": names} if {
	names := sort({name | some name, _ in data.tools.denied; name in {tool | some tool in input.request.tools}})
	count(names) > 0
}
