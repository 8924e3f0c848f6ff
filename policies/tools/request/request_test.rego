package policies.tools.request_test

import data.policies.tools.request

_input(app, tools) := {"client": {"app": app}, "request": {"tools": tools}}

_settings := {"allowed": {}, "denied": {"Bash": "not here"}, "continue_for": {"cli": true}}

test_claude_code_goes_on if {
	{"on_tool_deny": "continue"} in request.directive with input as _input("cli", []) with data.tools as _settings
}

test_other_clients_do_not if {
	count(request.directive) == 0 with input as _input("sdk", []) with data.tools as _settings
	count(request.directive) == 0 with input as _input(null, []) with data.tools as _settings
}

test_denied_tools_of_the_request_are_named if {
	{"deny_tools": ["Bash"]} in request.directive with input as _input(null, ["Read", "Bash"]) with data.tools as _settings
}
