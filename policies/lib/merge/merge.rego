# METADATA
# title: Merging what the policies say into one decision
# description: >-
#   deny beats require_approval beats allow beats the default. Masks are united and the strongest mode wins, limits take
#   the minimum, recording the most. Contradictions and obligations that nobody knows make the decision invalid; the
#   gateway then refuses with 503.
package lib.merge

# METADATA
# title: decision
# description: >-
#   `said` holds what all policies said at one point: `deny`, `require_approval` and `allow` are sets of
#   `{"policy": …, "entry": …}`, `mask` and `directive` sets of objects. Gives a decision, or `{"invalid": [problem, …]}`.
decision(fallback, said) := {"invalid": sort(found)} if {
	found := _problems(said)
	count(found) > 0
} else := object.union(_obligations(said), {
	"effect": effect,
	"reasons": _reasons(effect, said),
	"approval": _approvals(effect, said.require_approval),
}) if {
	effect := _effect(fallback, said)
}

_obligations(said) := _no_obligations if {
	# Most decisions on tool calls and pieces of answers.
	count(said.directive) == 0
	count(said.mask) == 0
} else := {
	"mask": _masks(said.mask),
	"credential": _only({d.credential | some d in said.directive}),
	"record": _strongest("record", said.directive, "full"),
	"limits": {"max_output_tokens": _least({d.max_output_tokens | some d in said.directive})},
	"stream": {
		"chunk": _strongest("chunk", said.directive, "off"),
		"deny_tools": sort({name | some d in said.directive; some name in d.deny_tools}),
		"thresholds": _thresholds(said.directive),
		"thinking": _strongest("thinking", said.directive, _thinking(said.mask)),
	},
	"withhold": _strongest("withhold", said.directive, "none"),
	"on_tool_deny": _strongest("on_tool_deny", said.directive, "replace"),
}

_no_obligations := {
	"mask": [],
	"credential": null,
	"record": "full",
	"limits": {"max_output_tokens": null},
	"stream": {"chunk": "off", "deny_tools": [], "thresholds": {}, "thinking": "pass"},
	"withhold": "none",
	"on_tool_deny": "replace",
}

# The highest that somebody asks for wins.
_ranks := {
	"chunk": {"off": 0, "on_detection": 1, "every": 2},
	"on_tool_deny": {"continue": 0, "replace": 1},
	"record": {"none": 0, "metadata": 1, "full": 2},
	"thinking": {"pass": 0, "omit": 1, "refuse": 2},
	"withhold": {"none": 0, "detected": 1, "turn": 2},
}

_modes := ["token", "partial", "redact"]

_severities := {"low", "medium", "high", "critical"}

_scopes := {"once", "session", "time_boxed"}

_effect(_, said) := "deny" if {
	count(said.deny) > 0
} else := "require_approval" if {
	count(said.require_approval) > 0
} else := "allow" if {
	count(said.allow) > 0
}

_effect(fallback, said) := fallback if {
	(count(said.deny) + count(said.require_approval)) + count(said.allow) == 0
}

_reasons(effect, said) := sort({reason |
	some verdict in said[effect]
	reason := {
		"id": verdict.entry.id,
		"message": object.get(verdict.entry, "message", ""),
		"policy": verdict.policy,
		"severity": object.get(verdict.entry, "severity", "medium"),
	}
}) if {
	count(said[effect]) > 0
} else := [{
	"id": "default-deny",
	"message": "no rule of the active policy allows this; ask the owner of the policy to list it for one of your groups",
	"policy": "sallyport",
	"severity": "medium",
}] if {
	effect == "deny"
} else := []

_strongest(key, directives, fallback) := _last(key, {value | some d in directives; value := d[key]}, fallback)

_last(_, asked, fallback) := fallback if count(asked) == 0

_last(_, asked, _) := max(asked) if count(asked) == 1

_last(key, asked, _) := value if {
	count(asked) > 1
	highest := max({rank | some value, rank in _ranks[key]; value in asked})
	some value, rank in _ranks[key]
	rank == highest
}

_least(values) := min(values) if {
	count(values) > 0
} else := null

_only(values) := max(values) if {
	count(values) > 0
} else := null

_thresholds(directives) := {name: least |
	some d in directives
	some name, _ in d.thresholds
	least := min({value | some other in directives; value := other.thresholds[name]})
}

_thinking(masks) := "omit" if {
	count(masks) > 0
} else := "pass"

# One mask for each detector class: the strongest mode, and a value comes back only where all who mask it agree.
_masks(masks) := [] if {
	count(masks) == 0
} else := [{"detectors": mask.detectors, "mode": mask.mode, "restore": restore}] if {
	# The usual case, and cheap: one mask as it was given.
	count(masks) == 1
	mask := max(masks)
	restore := _restore({object.get(mask, "restore", "none")})
} else := [{"detectors": [class], "mode": mode, "restore": restore} |
	some class in sort({class | some mask in masks; some class in mask.detectors})
	on_class := {mask | some mask in masks; class in mask.detectors}
	modes := [mode | some mode in _modes; mode in {mask.mode | some mask in on_class}]
	mode := modes[count(modes) - 1]
	restore := _restore({object.get(mask, "restore", "none") | some mask in on_class})
]

_restore(wishes) := max(wishes) if {
	count(wishes) == 1
	not _empty_list(max(wishes))
} else := common if {
	lists := {{name | some name in wish} | some wish in wishes; is_array(wish)}
	count(lists) > 0
	every wish in wishes {
		is_array(wish)
	}
	common := sort(intersection(lists))
	count(common) > 0
} else := "none"

_empty_list(wish) if count(wish) == 0

# Every requirement has to be met; the shortest times and the narrowest scopes hold for all of them.
_approvals(effect, verdicts) := [] if {
	effect != "require_approval"
} else := [requirement |
	some wish in sort({{"groups": wish.groups, "quorum": wish.quorum} | some wish in wishes})
	requirement := {
		"groups": wish.groups,
		"quorum": wish.quorum,
		"scopes": _narrowest(wishes),
		"expires_s": min({w.expires_s | some w in wishes}),
		"grant_s": min({w.grant_s | some w in wishes}),
		"reason_required": true in {w.reason_required | some w in wishes},
	}
] if {
	wishes := {object.union(_approval_defaults, verdict.entry.approval) | some verdict in verdicts}
}

_approval_defaults := {
	"quorum": 1,
	"scopes": ["once"],
	"expires_s": 86400,
	"grant_s": 900,
	"reason_required": false,
}

_narrowest(wishes) := sort(common) if {
	common := intersection({{scope | some scope in wish.scopes} | some wish in wishes})
	count(common) > 0
} else := ["once"]

# ---- what makes a decision invalid

_problems(said) := union({
	_verdict_problems(said.deny, {"id", "message", "severity"}),
	_verdict_problems(said.allow, {"id", "message", "severity"}),
	_verdict_problems(said.require_approval, {"id", "message", "severity", "approval"}),
	{problem | some verdict in said.require_approval; not _approvable(verdict.entry); problem := _of(verdict, "approval")},
	{problem | some mask in said.mask; not _maskable(mask); problem := "mask: not a mask the gateway knows"},
	{problem |
		some d in said.directive
		some key, value in d
		not _obligation(key, value)
		problem := concat("", ["directive: ", key, " is unknown or has a value that is not"])
	},
	{problem |
		roles := {d.credential | some d in said.directive}
		count(roles) > 1
		problem := concat("", ["directive: several credential roles: ", concat(", ", sort(roles))])
	},
})

_verdict_problems(verdicts, keys) := {problem |
	some verdict in verdicts
	not _well_formed(verdict.entry, keys)
	problem := _of(verdict, "entry")
}

_of(verdict, what) := concat("", [verdict.policy, ": ", what, " is not well-formed"])

_well_formed(entry, keys) if {
	is_string(entry.id)
	entry.id != ""
	is_string(object.get(entry, "message", ""))
	object.get(entry, "severity", "medium") in _severities
	every key, _ in entry {
		key in keys
	}
}

_approvable(entry) if {
	wish := object.union(_approval_defaults, entry.approval)
	count(object.keys(wish) - {"groups", "quorum", "scopes", "expires_s", "grant_s", "reason_required"}) == 0
	_names(wish.groups)
	count(wish.groups) > 0
	_whole(wish.quorum, 1)
	_names(wish.scopes)
	count({scope | some scope in wish.scopes} - _scopes) == 0
	_whole(wish.expires_s, 1)
	_whole(wish.grant_s, 1)
	is_boolean(wish.reason_required)
}

_maskable(mask) if {
	_names(mask.detectors)
	count(mask.detectors) > 0
	mask.mode in _modes
	_restorable(object.get(mask, "restore", "none"))
	every key, _ in mask {
		key in {"detectors", "mode", "restore"}
	}
}

_restorable(restore) if restore in {"none", "text"}

_restorable(restore) if _names(restore)

_obligation(key, value) if _ranks[key][value] >= 0

_obligation("credential", value) if {
	is_string(value)
	value != ""
}

_obligation("max_output_tokens", value) if _whole(value, 1)

_obligation("deny_tools", value) if _names(value)

_obligation("thresholds", value) if {
	is_object(value)
	every _, number in value {
		_whole(number, 0)
	}
}

_names(value) if {
	is_array(value)
	every name in value {
		is_string(name)
	}
}

_whole(value, least) if {
	is_number(value)
	value >= least
	floor(value) == value
}
