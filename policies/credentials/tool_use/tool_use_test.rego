package policies.credentials.tool_use_test

import data.policies.credentials.tool_use

_settings := {"classes": {"credential": true}, "tools": {"Bash": true, "mcp__github__*": true}}

_asked(name, found) := asked if {
	doc := {"tool": {"name": name}, "detections": found}
	asked := {rule.message | some rule in tool_use.require_approval} with input as doc with data.credentials as _settings
}

test_credential_is_asked_for if {
	some message in _asked("Bash", {"credential": 1, "email": 1})
	contains(message, "class credential;")
}

test_tools_of_a_server if count(_asked("mcp__github__create_gist", {"credential": 1})) == 1

test_other_classes_pass if _asked("Bash", {"email": 3, "credential": 0}) == set()

test_other_tools_pass if _asked("Write", {"credential": 1}) == set()
