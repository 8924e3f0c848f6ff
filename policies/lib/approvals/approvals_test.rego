package lib.approvals_test

import data.lib.approvals

_table := {
	"default": {"groups": ["approvers"], "quorum": 1, "scopes": ["once", "session"]},
	"rules": {"careful": {"quorum": 2, "scopes": ["once"]}},
}

test_default_holds_for_every_rule if {
	approvals.requirement("any") == _table["default"] with data.approvals as _table
}

test_a_rule_changes_only_what_it_names if {
	wanted := {"groups": ["approvers"], "quorum": 2, "scopes": ["once"]}
	approvals.requirement("careful") == wanted with data.approvals as _table
}
