# METADATA
# title: Which actions a group may ask for
# description: "`data.access.actions` lists them by group; a principal in no listed group may do nothing."
# schemas:
#   - input: schema.request
package policies.access.request

# METADATA
# title: The list of models may be read
allow contains {"id": "models-readable"} if {
	input.action == "models.read"
	_listed
}

# METADATA
# title: The action is not listed for any of the caller's groups
deny contains {"id": "action-not-allowed", "message": message} if {
	not _listed
	message := concat("", [
		"none of your groups may use ", input.action,
		"; ask the owner of the policy to list the action under data.access.actions for your group",
	])
}

_listed if {
	some group in input.principal.groups
	data.access.actions[group][input.action]
}
