package lib.merge_test

import data.lib.merge

_nothing := {"deny": set(), "require_approval": set(), "allow": set(), "mask": set(), "directive": set()}

_said(change) := object.union(_nothing, change)

_rule(id) := {"policy": "p", "entry": {"id": id, "message": "m"}}

_wish(approval) := {"policy": "p", "entry": {"id": "ask", "approval": approval}}

test_default_where_nobody_speaks if {
	merge.decision("deny", _nothing).effect == "deny"
	merge.decision("deny", _nothing).reasons[0].id == "default-deny"
	merge.decision("allow", _nothing).effect == "allow"
	merge.decision("allow", _nothing).reasons == []
}

test_deny_beats_everything if {
	decision := merge.decision("allow", _said({
		"deny": {_rule("no")},
		"require_approval": {_wish({"groups": ["a"]})},
		"allow": {_rule("yes")},
	}))
	decision.effect == "deny"
	decision.approval == []
	decision.reasons == [{"id": "no", "message": "m", "policy": "p", "severity": "medium"}]
}

test_approval_beats_allow if {
	decision := merge.decision("deny", _said({"require_approval": {_wish({"groups": ["a"]})}, "allow": {_rule("yes")}}))
	decision.effect == "require_approval"
	decision.approval == [{
		"groups": ["a"],
		"quorum": 1,
		"scopes": ["once"],
		"expires_s": 86400,
		"grant_s": 900,
		"reason_required": false,
	}]
}

test_allow_beats_the_default if merge.decision("deny", _said({"allow": {_rule("yes")}})).effect == "allow"

test_reasons_are_sorted if {
	decision := merge.decision("deny", _said({"deny": {_rule("b"), _rule("a"), _rule("c")}}))
	[reason.id | some reason in decision.reasons] == ["a", "b", "c"]
}

test_all_approvals_have_to_be_met_with_the_narrowest_terms if {
	decision := merge.decision("deny", _said({"require_approval": {
		_wish({"groups": ["a"], "quorum": 2, "expires_s": 600, "scopes": ["once", "session"]}),
		_wish({"groups": ["b"], "grant_s": 60, "scopes": ["session", "once"], "reason_required": true}),
	}}))
	[[wish.groups, wish.quorum] | some wish in decision.approval] == [[["a"], 2], [["b"], 1]]
	every wish in decision.approval {
		wish.expires_s == 600
		wish.grant_s == 60
		wish.scopes == ["once", "session"]
		wish.reason_required
	}
}

test_scopes_without_a_common_one_fall_back_to_once if {
	decision := merge.decision("deny", _said({"require_approval": {
		_wish({"groups": ["a"], "scopes": ["session"]}),
		_wish({"groups": ["b"], "scopes": ["time_boxed"]}),
	}}))
	decision.approval[0].scopes == ["once"]
}

test_strongest_mask_of_a_class_wins if {
	decision := merge.decision("allow", _said({"mask": {
		{"detectors": ["email", "name"], "mode": "token", "restore": "text"},
		{"detectors": ["email"], "mode": "redact"},
	}}))
	decision.mask == [
		{"detectors": ["email"], "mode": "redact", "restore": "none"},
		{"detectors": ["name"], "mode": "token", "restore": "text"},
	]
	decision.stream.thinking == "omit"
}

test_values_return_only_where_all_masks_agree if {
	decision := merge.decision("allow", _said({"mask": {
		{"detectors": ["a", "b"], "mode": "token", "restore": ["X", "Y"]},
		{"detectors": ["a"], "mode": "token", "restore": ["Y", "Z"]},
		{"detectors": ["b"], "mode": "token", "restore": ["Z"]},
		{"detectors": ["c"], "mode": "token", "restore": []},
	}}))
	[mask.restore | some mask in decision.mask] == [["Y"], "none", "none"]
}

test_limits_take_the_minimum if {
	merge.decision("allow", _nothing).limits.max_output_tokens == null
	decision := merge.decision("allow", _said({"directive": {{"max_output_tokens": 100}, {"max_output_tokens": 50}}}))
	decision.limits.max_output_tokens == 50
}

test_strongest_directives_win if {
	decision := merge.decision("allow", _said({"directive": {
		{"record": "none"},
		{"record": "metadata"},
		{"chunk": "every", "thinking": "omit", "withhold": "turn"},
		{"chunk": "on_detection", "thinking": "refuse", "withhold": "detected"},
		{"on_tool_deny": "continue"},
		{"thresholds": {"email": 3, "name": 1}},
		{"thresholds": {"email": 2}},
		{"deny_tools": ["Write", "Bash"]},
		{"deny_tools": ["Bash"]},
		{"credential": "batch"},
	}}))
	decision.record == "metadata"
	decision.stream == {
		"chunk": "every",
		"thinking": "refuse",
		"thresholds": {"email": 2, "name": 1},
		"deny_tools": ["Bash", "Write"],
	}
	decision.withhold == "turn"
	decision.on_tool_deny == "continue"
	decision.credential == "batch"
}

test_replace_is_stronger_than_continue if {
	decision := merge.decision("allow", _said({"directive": {{"on_tool_deny": "continue"}, {"on_tool_deny": "replace"}}}))
	decision.on_tool_deny == "replace"
}

test_without_directives_everything_is_recorded_and_nothing_watched if {
	decision := merge.decision("allow", _nothing)
	decision.record == "full"
	decision.credential == null
	decision.stream == {"chunk": "off", "thinking": "pass", "thresholds": {}, "deny_tools": []}
	decision.withhold == "none"
	decision.on_tool_deny == "replace"
}

test_two_credential_roles_are_invalid if {
	decision := merge.decision("allow", _said({"directive": {{"credential": "a"}, {"credential": "b"}}}))
	decision.invalid == ["directive: several credential roles: a, b"]
}

test_unknown_or_malformed_obligations_are_invalid if {
	every directive in [
		{"teleport": true},
		{"record": "sometimes"},
		{"credential": ""},
		{"credential": 1},
		{"max_output_tokens": 0},
		{"max_output_tokens": 1.5},
		{"max_output_tokens": "many"},
		{"deny_tools": "Bash"},
		{"deny_tools": [1]},
		{"thresholds": {"email": "few"}},
		{"thresholds": {"email": -1}},
		{"thresholds": []},
		{"on_tool_deny": "ignore"},
	] {
		count(merge.decision("allow", _said({"directive": {directive}})).invalid) == 1
	}
}

test_malformed_masks_are_invalid if {
	every mask in [
		{"detectors": ["a"], "mode": "blur"},
		{"detectors": [], "mode": "redact"},
		{"detectors": "a", "mode": "redact"},
		{"mode": "redact"},
		{"detectors": ["a"], "mode": "redact", "restore": "everywhere"},
		{"detectors": ["a"], "mode": "redact", "extra": 1},
	] {
		count(merge.decision("allow", _said({"mask": {mask}})).invalid) == 1
	}
}

test_malformed_rules_are_invalid if {
	every entry in [
		{"message": "no id"},
		{"id": ""},
		{"id": 1},
		{"id": "x", "message": 1},
		{"id": "x", "severity": "urgent"},
		{"id": "x", "approval": {}},
	] {
		decision := merge.decision("allow", _said({"deny": {{"policy": "p", "entry": entry}}}))
		decision.invalid == ["p: entry is not well-formed"]
	}
}

test_malformed_approvals_are_invalid if {
	every approval in [
		{},
		{"groups": []},
		{"groups": "a"},
		{"groups": ["a"], "quorum": 0},
		{"groups": ["a"], "scopes": ["for ever"]},
		{"groups": ["a"], "reason_required": "yes"},
		{"groups": ["a"], "expires_s": 0},
		{"groups": ["a"], "hurry": true},
	] {
		decision := merge.decision("allow", _said({"require_approval": {_wish(approval)}}))
		decision.invalid == ["p: approval is not well-formed"]
	}
	missing := merge.decision("allow", _said({"require_approval": {_rule("x")}}))
	missing.invalid == ["p: approval is not well-formed"]
}
