# METADATA
# title: Ceilings on what one request may cost
# description: >-
#   `data.limits.max_output_tokens` holds a ceiling by group. The gateway lowers `max_tokens` to it. A caller in several
#   listed groups has the highest of their ceilings. `data.limits.reviewed` gives, by group, sizes above which a request needs an
#   approval: `bytes` of its body, `opaque_bytes` of content that no detector reads, `max_tokens` that it asks for,
#   `message_count`. One group of the caller that lists a size and has room for the request is enough.
# schemas:
#   - input: schema.request
package policies.limits.request

import data.lib.approvals

# METADATA
# title: The ceiling of the caller's groups on output tokens
directive contains {"max_output_tokens": max(_ceilings)} if count(_ceilings) > 0

# METADATA
# title: The request is larger than usual
require_approval contains {"id": "large-request", "message": message, "approval": approvals.requirement("large-request")} if {
	count(_large) > 0
	message := concat("", [
		"the request is larger than usual (", concat(", ", sort(_large)),
		"); start a new conversation, or send less in one message",
	])
}

_ceilings contains ceiling if {
	input.action == "messages.create"
	some group in input.principal.groups
	ceiling := data.limits.max_output_tokens[group]
}

_large contains measure if {
	input.action == "messages.create"
	some group in input.principal.groups
	some measure, size in data.limits.reviewed[group]
	input.request[measure] > size
	not _roomier(measure)
}

_roomier(measure) if {
	some group in input.principal.groups
	input.request[measure] <= data.limits.reviewed[group][measure]
}
