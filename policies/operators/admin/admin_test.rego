package policies.operators.admin_test

import data.policies.operators.admin

_allowed := {"operators": {"*": true}, "auditors": {"session.*": true}}

_person(name, groups) := {"kind": "human", "person": name, "owner": null, "groups": groups}

_act(action, actor, requester) := {"action": action, "actor": actor, "requester": requester, "approval": null}

_denied(doc) := found if {
	found := {rule.id | some rule in admin.deny} with input as doc with data.operators.allowed as _allowed
}

test_listed_acts_are_allowed if {
	count(admin.allow) == 1 with input as _act("bundle.accept", _person("ann", ["operators"]), null)
		with data.operators.allowed as _allowed
	count(admin.allow) == 1 with input as _act("session.view", _person("ann", ["auditors"]), null)
		with data.operators.allowed as _allowed
}

test_other_acts_are_not if {
	count(admin.allow) == 0 with input as _act("bundle.accept", _person("ann", ["auditors"]), null)
		with data.operators.allowed as _allowed
}

test_another_person_may_approve if {
	_denied(_act("approval.decide", _person("ann", []), _person("bob", []))) == set()
}

test_nobody_approves_for_themselves if {
	_denied(_act("approval.decide", _person("ann", []), _person("ann", []))) == {"self-approval"}
}

test_nobody_approves_for_a_workload_of_theirs if {
	workload := {"kind": "workload", "person": null, "owner": "ann", "groups": []}
	_denied(_act("approval.decide", _person("ann", []), workload)) == {"self-approval"}
	_denied(_act("approval.decide", _person("bob", []), workload)) == set()
}

test_an_unknown_requester_never_counts_as_somebody_else if {
	unknown := {"kind": "workload", "person": null, "owner": null, "groups": []}
	_denied(_act("approval.decide", _person("ann", []), unknown)) == {"self-approval"}
}

test_an_unknown_person_may_not_approve if {
	_denied(_act("approval.decide", _person(null, []), _person("bob", []))) == {"approver-unknown"}
}

test_a_workload_may_not_approve if {
	robot := {"kind": "workload", "person": "ann", "owner": null, "groups": []}
	_denied(_act("approval.decide", robot, _person("bob", []))) == {"approver-unknown"}
}
