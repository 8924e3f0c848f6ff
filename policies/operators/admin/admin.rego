# METADATA
# title: Who may act as operator or approver
# description: >-
#   `data.operators.allowed` lists acts by group: exact, `*`, or a beginning such as `session.*`; `data.operators.own` the acts
#   that anybody may do to what they asked for themselves. Nobody decides on their own requests or on those of their workloads,
#   and a person that is not known never counts as somebody else (the gateway sees to that as well). Whose approval counts is
#   said by the rule that asks; `data.operators.approvers` narrows it by rule id:
#   `{"production-command": {"release-managers": true}}`.
#   A request of a workload without a known owner may be decided only where `data.operators.unowned` lists its function.
#   Who breaks glass acts without a second person: only operators may, and it is reviewed afterwards.
# schemas:
#   - input: schema.admin
package policies.operators.admin

import data.lib.patterns

# METADATA
# title: The act is listed for one of the actor's groups
allow contains {"id": "act-for-group"} if {
	some group in input.actor.groups
	patterns.covers(data.operators.allowed[group], input.action, ".")
}

# METADATA
# title: The act concerns the actor's own request
allow contains {"id": "own-request"} if {
	data.operators.own[input.action]
	input.actor.person in _behind
}

# METADATA
# title: A request without a known owner, of a function that is listed
allow contains {"id": "unowned-listed"} if {
	input.action == "approval.decide_unowned"
	_unowned_listed
	_decides_for_group
}

# METADATA
# title: An approval needs a human who is known
deny contains {"id": "approver-unknown", "message": message} if {
	_verdict
	not _known_human
	message := "only a human whose person is known may decide on an approval; log in through an issuer that maps `person`"
}

# METADATA
# title: Nobody approves for themselves
deny contains {"id": "self-approval", "message": message} if {
	_verdict
	input.actor.person in _behind
	message := "you may not decide on your own request or on one of your workloads; ask another person"
}

# METADATA
# title: Nobody knows who asked
deny contains {"id": "requester-unknown", "message": message} if {
	_verdict
	count(_behind) == 0
	not _unowned_listed
	message := concat("", [
		"nobody is known behind this request, so nobody counts as somebody else; let its issuer map `person` or `owner`, or ask the",
		" owner of the policy to list its function under data.operators.unowned",
	])
}

# METADATA
# title: Another group decides on this rule
deny contains {"id": "approver-not-listed", "message": message} if {
	_verdict
	some rule in input.approval.rule_ids
	groups := data.operators.approvers[rule]
	not _in_one_of(groups)
	message := concat("", ["the rule ", rule, " is decided by ", concat(", ", sort(object.keys(groups)))])
}

_verdict if input.action in {"approval.decide", "approval.decide_unowned", "approval.break_glass"}

_decides_for_group if {
	some group in input.actor.groups
	patterns.covers(data.operators.allowed[group], "approval.decide", ".")
}

_in_one_of(groups) if {
	some group in input.actor.groups
	groups[group]
}

_unowned_listed if {
	is_string(input.requester.function)
	data.operators.unowned[input.requester.function]
}

_known_human if {
	input.actor.kind == "human"
	is_string(input.actor.person)
}

_behind contains input.requester.person if is_string(input.requester.person)

_behind contains input.requester.owner if is_string(input.requester.owner)
