# METADATA
# title: Which tools a group may use
# description: >-
#   `data.tools.allowed` lists names by group: exact, `*`, or a beginning up to `__` such as `mcp__github__*`.
#   `data.tools.denied` maps names or patterns to the reason they are denied for everybody.
# schemas:
#   - input: schema.tool_use
package policies.tools.tool_use

import data.lib.patterns

# METADATA
# title: The tool is listed for one of the caller's groups
allow contains {"id": "tool-for-group"} if {
	some group in input.principal.groups
	patterns.covers(data.tools.allowed[group], input.tool.name, "__")
}

# METADATA
# title: The tool is denied for everybody
deny contains {"id": "tool-denied", "message": message} if {
	count(data.tools.denied) > 0
	some key in patterns.keys(input.tool.name, "__")
	reason := data.tools.denied[key]
	message := concat("", ["tool ", input.tool.name, " may not be used: ", reason])
}
