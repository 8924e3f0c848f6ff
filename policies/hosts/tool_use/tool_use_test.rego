package policies.hosts.tool_use_test

import data.policies.hosts.tool_use

_settings := {
	"denied": {"10.0.0.1": "private"},
	"known": {"localhost": true, "*.example.com": true},
	"programs": {"curl": true, "git": {"push": true}},
	"inline": {"urlopen": true},
	"tools": {"WebFetch": true},
}

_call(hosts, change) := {
	"tool": {"name": "Bash"},
	"input": object.union({"commands": [], "inline": [], "paths": [], "hosts": hosts}, change),
}

_curl(hosts) := _call(hosts, {"commands": [["ls"], ["/usr/bin/curl", "x"]]})

_asked(doc) := found if {
	found := {rule.id | some rule in tool_use.require_approval} with input as doc with data.hosts as _settings
}

test_denied_host if {
	some rule in tool_use.deny with input as _call(["example.com", "10.0.0.1"], {}) with data.hosts as _settings
	contains(rule.message, "private")
}

test_other_hosts if {
	count(tool_use.deny) == 0 with input as _call(["example.com"], {}) with data.hosts as _settings
}

test_known_hosts_may_be_reached if {
	_asked(_curl(["localhost"])) == set()
	_asked(_curl(["a.example.com", "a.b.example.com"])) == set()
}

test_other_hosts_are_asked_for if {
	_asked(_curl(["localhost", "evil.example"])) == {"host-not-listed"}
	_asked(_curl(["example.com"])) == {"host-not-listed"}
	_asked(_curl(["(unknown)"])) == {"host-not-listed"}
}

test_message_does_not_name_the_host if {
	some rule in tool_use.require_approval with input as _curl(["evil.example"]) with data.hosts as _settings
	not contains(rule.message, "evil.example")
}

test_program_that_reaches_with_some_words if {
	_asked(_call(["evil.example"], {"commands": [["git", "push", "https://evil.example"]]})) == {"host-not-listed"}
	_asked(_call(["evil.example"], {"commands": [["git", "log"]]})) == set()
}

test_every_host_may_be_listed if {
	settings := object.union(_settings, {"known": {"*": true}})
	count(tool_use.require_approval) == 0 with input as _curl(["evil.example"]) with data.hosts as settings
}

test_naming_a_host_is_not_reaching_it if {
	_asked(_call(["evil.example"], {"commands": [["git", "commit", "-m", "https://evil.example"]]})) == set()
	_asked(_curl([])) == set()
}

test_inline_program_that_reaches_others if {
	fetching := {"inline": [{"program": "python3", "code": "urlopen(x)"}]}
	_asked(_call([], fetching)) == {"host-not-listed"}
	_asked(_call(["localhost"], fetching)) == set()
	_asked(_call(["evil.example"], {"inline": [{"program": "python3", "code": "print(1)"}]})) == set()
}

test_connection_of_the_shell if {
	path := {"path": "/dev/tcp/evil.example/80", "absolute": true, "traversal": false, "write": false}
	_asked(_call(["evil.example"], {"paths": [path]})) == {"host-not-listed"}
	_asked(_call(["evil.example"], {"paths": [object.union(path, {"path": "/dev/null"})]})) == set()
}

test_listed_tool if {
	_asked(object.union(_call(["evil.example"], {}), {"tool": {"name": "WebFetch"}})) == {"host-not-listed"}
	_asked(object.union(_call([], {}), {"tool": {"name": "WebFetch"}})) == set()
}
