package policies.limits.request_test

import data.policies.limits.request

_input(action, groups) := {"action": action, "principal": {"groups": groups}}

_ceilings := {"developers": 4096, "research": 32000}

test_ceiling_of_the_group if {
	request.directive == {{"max_output_tokens": 4096}} with input as _input("messages.create", ["developers"])
		with data.limits.max_output_tokens as _ceilings
}

test_highest_ceiling_of_several_groups if {
	request.directive == {{"max_output_tokens": 32000}} with input as _input("messages.create", ["developers", "research"])
		with data.limits.max_output_tokens as _ceilings
}

test_no_ceiling_for_an_unlisted_group if {
	count(request.directive) == 0 with input as _input("messages.create", ["guests"])
		with data.limits.max_output_tokens as _ceilings
}

test_no_ceiling_where_nothing_is_generated if {
	count(request.directive) == 0 with input as _input("messages.count_tokens", ["developers"])
		with data.limits.max_output_tokens as _ceilings
}
