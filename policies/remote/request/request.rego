# METADATA
# title: What runs or fetches inside Claude
# description: >-
#   Server tools, MCP connectors and URL sources work where the gateway cannot hold them, so they are decided on the
#   request: denied unless `data.remote` lists the type of the tool or the exact host.
# schemas:
#   - input: schema.request
package policies.remote.request

import data.lib.patterns

# METADATA
# title: A server tool is not listed
deny contains {"id": "server-tool-not-listed", "message": message} if {
	some tool in input.request.server_tools
	not patterns.covers(data.remote.server_tools, tool.type, "_")
	message := concat("", [
		"server tool ", tool.type,
		" is not listed; remove it from the request, or ask the owner of the policy to list it under data.remote.server_tools",
	])
}

# METADATA
# title: An MCP connector is not listed
deny contains {"id": "mcp-connector-not-listed", "message": message} if {
	some server in input.request.mcp_servers
	not _known(data.remote.mcp_servers, server.host)
	message := concat("", [
		"MCP connector ", _shown(server.host),
		" is not listed; remove it from the request, or ask the owner of the policy to list its host under data.remote.mcp_servers",
	])
}

# METADATA
# title: A URL source is not listed
deny contains {"id": "url-source-not-listed", "message": message} if {
	some host in input.request.url_sources
	not _known(data.remote.url_sources, host)
	message := concat("", [
		"a source at ", host,
		" is not listed; send the content itself, or ask the owner of the policy to list the host under data.remote.url_sources",
	])
}

_known(table, host) if {
	is_string(host)
	table[host]
}

_shown(host) := host if {
	is_string(host)
} else := "without a usable URL"
