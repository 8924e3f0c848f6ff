package policies.operators.admin_test

import data.policies.operators.admin

_settings := {
	"allowed": {
		"operators": {"*": true},
		"auditors": {"session.*": true},
		"approvers": {"approval.decide": true},
	},
	"own": {"approval.view": true},
	"approvers": {"careful": {"managers": true}},
	"unowned": {"nightly": true},
}

_person(name, groups) := {"kind": "human", "person": name, "owner": null, "groups": groups, "function": "console"}

_workload(owner, task) := {"kind": "workload", "person": null, "owner": owner, "groups": [], "function": task}

_act(action, actor, requester) := {
	"action": action,
	"actor": actor,
	"requester": requester,
	"approval": {"rule_ids": ["any"]},
}

_denied(doc) := found if {
	found := {rule.id | some rule in admin.deny} with input as doc with data.operators as _settings
}

_allowed(doc) := found if {
	found := {rule.id | some rule in admin.allow} with input as doc with data.operators as _settings
}

_decide(actor, requester) := _act("approval.decide", actor, requester)

test_listed_acts_are_allowed if {
	_allowed(_act("bundle.accept", _person("ann", ["operators"]), null)) == {"act-for-group"}
	_allowed(_act("session.view", _person("ann", ["auditors"]), null)) == {"act-for-group"}
}

test_other_acts_are_not if _allowed(_act("bundle.accept", _person("ann", ["auditors"]), null)) == set()

test_own_requests_may_be_viewed if {
	_allowed(_act("approval.view", _person("ann", []), _person("ann", []))) == {"own-request"}
	_allowed(_act("approval.view", _person("ann", []), _workload("ann", "x"))) == {"own-request"}
	_allowed(_act("approval.view", _person("ann", []), _person("bob", []))) == set()
	_allowed(_act("approval.review", _person("ann", []), _person("ann", []))) == set()
}

test_another_person_may_approve if _denied(_decide(_person("ann", []), _person("bob", []))) == set()

test_nobody_approves_for_themselves if {
	_denied(_decide(_person("ann", []), _person("ann", []))) == {"self-approval"}
	_denied(_act("approval.break_glass", _person("ann", []), _person("ann", []))) == {"self-approval"}
}

test_nobody_approves_for_a_workload_of_theirs if {
	_denied(_decide(_person("ann", []), _workload("ann", "x"))) == {"self-approval"}
	_denied(_decide(_person("bob", []), _workload("ann", "x"))) == set()
}

test_an_unknown_requester_never_counts_as_somebody_else if {
	_denied(_decide(_person("ann", []), _workload(null, "x"))) == {"requester-unknown"}
	_denied(_decide(_person("ann", []), _workload(null, null))) == {"requester-unknown"}
	_allowed(_act("approval.decide_unowned", _person("ann", ["approvers"]), _workload(null, "x"))) == set()
}

test_a_listed_function_needs_no_owner if {
	_denied(_decide(_person("ann", ["approvers"]), _workload(null, "nightly"))) == set()
	_allowed(_act("approval.decide_unowned", _person("ann", ["approvers"]), _workload(null, "nightly"))) == {"unowned-listed"}
	_allowed(_act("approval.decide_unowned", _person("ann", ["auditors"]), _workload(null, "nightly"))) == set()
}

test_an_unknown_person_may_not_approve if {
	_denied(_decide(_person(null, []), _person("bob", []))) == {"approver-unknown"}
}

test_a_workload_may_not_approve if {
	robot := object.union(_workload(null, "x"), {"person": "ann"})
	_denied(_decide(robot, _person("bob", []))) == {"approver-unknown"}
}

test_a_rule_may_have_its_own_approvers if {
	careful := object.union(_decide(_person("ann", ["approvers"]), _person("bob", [])), {"approval": {"rule_ids": ["careful"]}})
	_denied(careful) == {"approver-not-listed"}
	manager := object.union(careful, {"actor": _person("ann", ["managers"])})
	_denied(manager) == set()
}
