# METADATA
# title: Which models a group may call
# description: >-
#   `data.models.allowed` lists them by group: exact ids, or a beginning such as `claude-opus-*`.
# schemas:
#   - input: schema.request
package policies.models.request

import data.lib.patterns

# METADATA
# title: The model is listed for one of the caller's groups
allow contains {"id": "model-for-group"} if {
	_call
	_listed
}

# METADATA
# title: The model is not listed for any of the caller's groups
deny contains {"id": "model-not-allowed", "message": message} if {
	_call
	not _listed
	message := concat("", [
		"model ", _name,
		" is not allowed for your groups; choose another model, or ask the owner of the policy to list it under data.models.allowed",
	])
}

_call if input.action in {"messages.create", "messages.count_tokens"}

default _name := "(none)"

_name := input.request.model if is_string(input.request.model)

_listed if {
	some group in input.principal.groups
	patterns.covers(data.models.allowed[group], _name, "-")
}
