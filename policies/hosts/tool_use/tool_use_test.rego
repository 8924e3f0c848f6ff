package policies.hosts.tool_use_test

import data.policies.hosts.tool_use

test_denied_host if {
	some rule in tool_use.deny with input as {"input": {"hosts": ["example.com", "10.0.0.1"]}}
		with data.hosts.denied as {"10.0.0.1": "private"}
	contains(rule.message, "private")
}

test_other_hosts if {
	count(tool_use.deny) == 0 with input as {"input": {"hosts": ["example.com"]}}
		with data.hosts.denied as {"10.0.0.1": "private"}
}
