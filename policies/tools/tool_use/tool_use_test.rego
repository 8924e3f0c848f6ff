package policies.tools.tool_use_test

import data.policies.tools.tool_use

_input(name, groups) := {"principal": {"groups": groups}, "tool": {"name": name, "kind": "other", "server": null}}

_settings := {
	"allowed": {"developers": {"Bash": true, "mcp__github__*": true}},
	"denied": {"mcp__github__delete_repository": "ask an owner"},
	"continue_for": {},
}

test_listed_tool_is_allowed if {
	count(tool_use.allow) == 1 with input as _input("Bash", ["developers"]) with data.tools as _settings
}

test_tool_of_a_listed_server_is_allowed if {
	count(tool_use.allow) == 1 with input as _input("mcp__github__get_issue", ["developers"]) with data.tools as _settings
}

test_unlisted_tool_is_not_allowed if {
	count(tool_use.allow) == 0 with input as _input("Write", ["developers"]) with data.tools as _settings
	count(tool_use.allow) == 0 with input as _input("Bash", []) with data.tools as _settings
}

test_denied_tool_says_why if {
	some rule in tool_use.deny with input as _input("mcp__github__delete_repository", ["developers"])
		with data.tools as _settings
	rule.id == "tool-denied"
	contains(rule.message, "ask an owner")
}

test_other_tools_are_not_denied if {
	count(tool_use.deny) == 0 with input as _input("Bash", ["developers"]) with data.tools as _settings
}
