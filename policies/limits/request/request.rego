# METADATA
# title: Ceilings on what one request may cost
# description: >-
#   `data.limits.max_output_tokens` holds a ceiling by group. The gateway lowers `max_tokens` to it. A caller in several
#   listed groups has the highest of their ceilings.
# schemas:
#   - input: schema.request
package policies.limits.request

# METADATA
# title: The ceiling of the caller's groups on output tokens
directive contains {"max_output_tokens": max(_ceilings)} if count(_ceilings) > 0

_ceilings contains ceiling if {
	input.action == "messages.create"
	some group in input.principal.groups
	ceiling := data.limits.max_output_tokens[group]
}
