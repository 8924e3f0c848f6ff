# METADATA
# title: Who may act as operator or approver
# description: >-
#   `data.operators.allowed` lists acts by group: exact, `*`, or a beginning such as `session.*`. Nobody decides on what
#   they asked for themselves, and a person that is not known never counts as somebody else.
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
# title: An approval needs a human who is known
deny contains {"id": "approver-unknown", "message": message} if {
	input.action == "approval.decide"
	not _known_human
	message := "only a human whose person is known may decide on an approval; log in through an issuer that maps `person`"
}

# METADATA
# title: Nobody approves for themselves
deny contains {"id": "self-approval", "message": message} if {
	input.action == "approval.decide"
	not _somebody_else
	message := "you may not decide on your own request or on one of your workloads; ask another person"
}

_known_human if {
	input.actor.kind == "human"
	is_string(input.actor.person)
}

_somebody_else if {
	count(_behind) > 0
	not input.actor.person in _behind
}

_behind contains input.requester.person if is_string(input.requester.person)

_behind contains input.requester.owner if is_string(input.requester.owner)
