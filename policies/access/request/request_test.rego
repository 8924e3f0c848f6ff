package policies.access.request_test

import data.policies.access.request

_input(action, groups) := {"action": action, "principal": {"groups": groups}}

_actions := {"developers": {"models.read": true, "messages.create": true}}

test_listed_group_reads_models if {
	{"id": "models-readable"} in request.allow with input as _input("models.read", ["x", "developers"])
		with data.access.actions as _actions
	count(request.deny) == 0 with input as _input("models.read", ["developers"]) with data.access.actions as _actions
}

test_reading_models_is_not_allowed_to_others if {
	count(request.allow) == 0 with input as _input("models.read", ["guests"]) with data.access.actions as _actions
}

test_unlisted_action_is_denied if {
	some rule in request.deny with input as _input("messages.count_tokens", ["developers"])
		with data.access.actions as _actions
	rule.id == "action-not-allowed"
	contains(rule.message, "messages.count_tokens")
}

test_principal_without_groups_is_denied if {
	count(request.deny) == 1 with input as _input("messages.create", []) with data.access.actions as _actions
}

test_a_model_call_is_not_allowed_here if {
	count(request.allow) == 0 with input as _input("messages.create", ["developers"]) with data.access.actions as _actions
}
