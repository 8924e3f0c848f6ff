package sallyport_test

import data.sallyport

_policies(point) := {
	"first": {point: {"deny": {{"id": "b", "message": "second"}}, "directive": {{"record": "metadata"}}}},
	"second": {point: {
		"deny": {{"id": "a", "message": "first"}},
		"allow": {{"id": "c"}},
		"mask": {{"detectors": ["email"], "mode": "partial"}},
		"require_approval": {{"id": "d", "approval": {"groups": ["g"]}}},
	}},
}

_merged(decision) if {
	decision.effect == "deny"
	[[reason.policy, reason.id] | some reason in decision.reasons] == [["second", "a"], ["first", "b"]]
	decision.record == "metadata"
	decision.mask == [{"detectors": ["email"], "mode": "partial", "restore": "none"}]
}

test_request_merges_all_policies if _merged(sallyport.request) with data.policies as _policies("request")

test_chunk_merges_all_policies if _merged(sallyport.chunk) with data.policies as _policies("chunk")

test_tool_use_merges_all_policies if _merged(sallyport.tool_use) with data.policies as _policies("tool_use")

test_admin_merges_all_policies if _merged(sallyport.admin) with data.policies as _policies("admin")

test_defaults_of_the_points if {
	sallyport.request.effect == "deny" with data.policies as {}
	sallyport.chunk.effect == "allow" with data.policies as {}
	sallyport.tool_use.effect == "deny" with data.policies as {}
	sallyport.admin.effect == "deny" with data.policies as {}
}
