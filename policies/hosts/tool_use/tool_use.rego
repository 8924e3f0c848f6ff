# METADATA
# title: Hosts that tools reach
# description: >-
#   `data.hosts.denied` maps hosts to the reason: cloud metadata services as shipped. A command that reaches other machines (a
#   program of `data.hosts.programs`, some only with one of the words listed for them, a program given inline that has a text
#   of `data.hosts.inline` in it, a connection of the shell) and a tool of `data.hosts.tools` need an approval for every host
#   that `data.hosts.known` does not list: exact, `*`, or `*.example.com` for all hosts below a domain. A host that is known
#   only when the command runs is `(unknown)`.
# schemas:
#   - input: schema.tool_use
package policies.hosts.tool_use

import data.lib.approvals

# METADATA
# title: A denied host
deny contains {"id": "host-denied", "message": message, "severity": "high"} if {
	some host in input.input.hosts
	reason := data.hosts.denied[host]
	message := concat("", ["this host may not be reached: ", reason, "; use another source"])
}

# METADATA
# title: A host that is not listed
require_approval contains {"id": "host-not-listed", "message": message, "approval": approvals.requirement("host-not-listed")} if {
	_elsewhere
	message := concat("", [
		"this call reaches a host that is not listed; for hosts that are needed often, ask the owner of the policy to list them",
		" under data.hosts.known",
	])
}

_elsewhere if {
	count(_strange) > 0
	_reaches
}

# An inline program may build the name of a host from pieces.
_elsewhere if {
	count(input.input.hosts) == 0
	_reaches_inline
}

_reaches if {
	some argv in input.input.commands
	parts := split(argv[0], "/")
	_reaching(data.hosts.programs[parts[count(parts) - 1]], argv)
}

_reaches if _reaches_inline

_reaches if {
	some path in input.input.paths
	some connection in ["/dev/tcp/", "/dev/udp/"]
	startswith(path.path, connection)
}

_reaches if data.hosts.tools[input.tool.name]

_reaches_inline if {
	some program in input.input.inline
	some text, _ in data.hosts.inline
	contains(program.code, text)
}

_reaching(true, _)

_reaching(words, argv) if {
	some word in argv
	words[word]
}

_strange := [host | some host in input.input.hosts; not _known(host)]

_known(host) if data.hosts.known[host]

_known(_) if data.hosts.known["*"]

_known(host) if {
	parts := split(host, ".")
	some n in numbers.range(1, count(parts))
	data.hosts.known[concat(".", ["*", concat(".", array.slice(parts, n, count(parts)))])]
}
