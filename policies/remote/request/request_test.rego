package policies.remote.request_test

import data.policies.remote.request

_listed := {
	"server_tools": {"web_search_*": true},
	"mcp_servers": {"mcp.example.com": true},
	"url_sources": {"cdn.example.com": true},
}

_input(change) := {"request": object.union({"server_tools": [], "mcp_servers": [], "url_sources": []}, change)}

_ids(doc) := found if {
	found := {rule.id | some rule in request.deny} with input as doc with data.remote as _listed
}

test_nothing_remote_is_fine if _ids(_input({})) == set()

test_listed_things_pass if {
	_ids(_input({
		"server_tools": [{"type": "web_search_20250305", "name": "web_search"}],
		"mcp_servers": [{"name": "x", "host": "mcp.example.com"}],
		"url_sources": ["cdn.example.com"],
	})) == set()
}

test_unlisted_server_tool_is_denied if {
	_ids(_input({"server_tools": [{"type": "code_execution_20250825", "name": null}]})) == {"server-tool-not-listed"}
}

test_unlisted_connector_is_denied if {
	_ids(_input({"mcp_servers": [{"name": "x", "host": "evil.example"}]})) == {"mcp-connector-not-listed"}
}

test_connector_without_host_is_denied if {
	_ids(_input({"mcp_servers": [{"name": "x", "host": null}]})) == {"mcp-connector-not-listed"}
}

test_unlisted_source_is_denied if _ids(_input({"url_sources": ["evil.example"]})) == {"url-source-not-listed"}
