package policies.models.request_test

import data.policies.models.request

_input(model, groups) := {
	"action": "messages.create",
	"principal": {"groups": groups},
	"request": {"model": model},
}

_allowed := {"developers": {"claude-haiku-*": true}, "research": {"claude-opus-5": true}}

test_model_of_a_listed_family_is_allowed if {
	{"id": "model-for-group"} in request.allow with input as _input("claude-haiku-5-5", ["developers"])
		with data.models.allowed as _allowed
	count(request.deny) == 0 with input as _input("claude-haiku-5-5", ["developers"]) with data.models.allowed as _allowed
}

test_any_group_of_the_caller_counts if {
	count(request.allow) == 1 with input as _input("claude-opus-5", ["developers", "research"])
		with data.models.allowed as _allowed
}

test_model_of_another_group_is_denied if {
	some rule in request.deny with input as _input("claude-opus-5", ["developers"]) with data.models.allowed as _allowed
	rule.id == "model-not-allowed"
	contains(rule.message, "claude-opus-5")
	count(request.allow) == 0 with input as _input("claude-opus-5", ["developers"]) with data.models.allowed as _allowed
}

test_missing_model_is_denied if {
	some rule in request.deny with input as _input(null, ["developers"]) with data.models.allowed as _allowed
	contains(rule.message, "(none)")
}

test_reading_models_is_not_judged_here if {
	count(request.deny) == 0 with input as object.union(_input(null, []), {"action": "models.read"})
		with data.models.allowed as _allowed
}
