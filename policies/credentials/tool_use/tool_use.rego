# METADATA
# title: Credentials in the input of a tool call
# description: >-
#   A call of a tool of `data.credentials.tools` (exact, `*`, or a beginning up to `__` such as `mcp__github__*`) needs an
#   approval where a detector of `data.credentials.classes` found something in its input. What `data.content` masks in
#   answers runs masked even then; the approver sees the call as it would run.
# schemas:
#   - input: schema.tool_use
package policies.credentials.tool_use

import data.lib.approvals
import data.lib.patterns

# METADATA
# title: The input holds a credential
require_approval contains {"id": "credential-in-call", "message": message, "severity": "high", "approval": approval} if {
	count(_found) > 0
	patterns.covers(data.credentials.tools, input.tool.name, "__")
	message := concat("", [
		"the input holds content of class ", concat(", ", sort(_found)),
		"; refer to secrets by the name of a variable or a file instead",
	])
	approval := approvals.requirement("credential-in-call")
}

_found contains class if {
	some class, number in input.detections
	number > 0
	data.credentials.classes[class]
}
