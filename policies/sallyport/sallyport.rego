# METADATA
# title: The entrypoints of the bundle
# description: >-
#   Each gathers what every package policies.<name>.<point> says and merges it into one decision. Nothing is decided here.
package sallyport

import data.lib.merge

# METADATA
# title: Decision on a request
# description: A model call, a token count or a look at the models, before anything goes to Claude.
# entrypoint: true
request := merge.decision("deny", {
	"deny": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].request.deny},
	"require_approval": {{"policy": name, "entry": entry} |
		some name
		some entry in data.policies[name].request.require_approval
	},
	"allow": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].request.allow},
	"mask": {entry | some name; some entry in data.policies[name].request.mask},
	"directive": {entry | some name; some entry in data.policies[name].request.directive},
})

# METADATA
# title: Decision on a piece of the answer
# description: Asked as often as the stream directive of the request decision says.
# entrypoint: true
chunk := merge.decision("allow", {
	"deny": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].chunk.deny},
	"require_approval": {{"policy": name, "entry": entry} |
		some name
		some entry in data.policies[name].chunk.require_approval
	},
	"allow": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].chunk.allow},
	"mask": {entry | some name; some entry in data.policies[name].chunk.mask},
	"directive": {entry | some name; some entry in data.policies[name].chunk.directive},
})

# METADATA
# title: Decision on a tool call
# description: A call of a tool that runs at the client, held whole until it is decided.
# entrypoint: true
tool_use := merge.decision("deny", {
	"deny": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].tool_use.deny},
	"require_approval": {{"policy": name, "entry": entry} |
		some name
		some entry in data.policies[name].tool_use.require_approval
	},
	"allow": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].tool_use.allow},
	"mask": {entry | some name; some entry in data.policies[name].tool_use.mask},
	"directive": {entry | some name; some entry in data.policies[name].tool_use.directive},
})

# METADATA
# title: Decision on an act of an operator
# description: Who may approve, view, replay, revoke or break glass.
# entrypoint: true
admin := merge.decision("deny", {
	"deny": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].admin.deny},
	"require_approval": {{"policy": name, "entry": entry} |
		some name
		some entry in data.policies[name].admin.require_approval
	},
	"allow": {{"policy": name, "entry": entry} | some name; some entry in data.policies[name].admin.allow},
	"mask": {entry | some name; some entry in data.policies[name].admin.mask},
	"directive": {entry | some name; some entry in data.policies[name].admin.directive},
})
