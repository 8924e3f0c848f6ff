# METADATA
# title: Dangerous prompts
# description: >-
#   Detectors report what looks like an attempt to take an agent over (`prompt_injection`) or like a destructive command in
#   prose (`dangerous_instruction`). `data.prompts.reviewed` and `data.prompts.denied` say, by class and origin (`user`,
#   `tool_result`, `assistant`, `system`), from how many hits in new text a request needs an approval or is denied. Text that
#   a human approved does not count again. A denied prompt is withheld from all later requests, so that the session goes on.
#   As shipped several marks of an injection at once need an approval; `dangerous_instruction` is off, since the tool calls
#   that would carry it out are judged themselves.
# schemas:
#   - input: schema.request
package policies.prompts.request

import data.lib.approvals

# METADATA
# title: New text looks dangerous
require_approval contains {"id": "dangerous-prompt", "message": message, "severity": "high", "approval": approval} if {
	found := _over(data.prompts.reviewed)
	count(found) > 0
	message := concat("", ["new text has marks of ", concat(", ", sort(found))])
	approval := approvals.requirement("dangerous-prompt")
}

# METADATA
# title: New text is dangerous and must not reach Claude
deny contains {"id": "prompt-denied", "message": message, "severity": "high"} if {
	found := _over(data.prompts.denied)
	count(found) > 0
	message := concat("", [
		"new text has marks of ", concat(", ", sort(found)),
		" and does not reach Claude; the session goes on without it: say in your own words what you need",
	])
}

# METADATA
# title: What was denied is withheld from later requests too
directive contains {"withhold": "detected"} if count(_over(data.prompts.denied)) > 0

_over(table) := {class |
	input.action == "messages.create"
	some origin, counts in input.detections.new
	some class, number in counts
	number >= table[class][origin]
}
