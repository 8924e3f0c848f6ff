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

_sizes := {"developers": {"bytes": 1000, "max_tokens": 100}, "research": {"bytes": 5000}}

_asked(groups, size) := found if {
	doc := {
		"action": "messages.create",
		"principal": {"groups": groups},
		"request": object.union({"bytes": 0, "opaque_bytes": 0, "max_tokens": null, "message_count": 1}, size),
	}
	found := {rule.message | some rule in request.require_approval} with input as doc with data.limits.reviewed as _sizes
}

test_large_request_is_asked_for if {
	some message in _asked(["developers"], {"bytes": 1001})
	contains(message, "(bytes)")
	some both in _asked(["developers"], {"bytes": 1001, "max_tokens": 101})
	contains(both, "(bytes, max_tokens)")
}

test_ordinary_request_is_not if {
	_asked(["developers"], {"bytes": 1000, "max_tokens": 100, "message_count": 5000}) == set()
}

test_group_with_more_room if {
	_asked(["developers", "research"], {"bytes": 1001}) == set()
	count(_asked(["developers", "research"], {"bytes": 5001})) == 1
}

test_group_that_lists_no_size if _asked(["guests"], {"bytes": 5001}) == set()
