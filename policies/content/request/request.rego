# METADATA
# title: What detectors found in a request
# description: >-
#   `data.content.denied_classes` lists detector classes whose hits in new text of `data.content.denied_origins` are
#   refused, and withheld from later requests, so that the session goes on. Hits of `masked_classes` anywhere else are
#   masked in the requests that carry them: the value is the mode, `false` leaves a class alone. `masked_in_answers`
#   lists what is masked in every answer, tool calls included. `data.content.thresholds` gives, by class, how many hits
#   an answer may have before it is stopped. To mask addresses and card numbers: `{"masked_classes": {"email": "redact",
#   "payment_card": "redact"}}`.
# schemas:
#   - input: schema.request
package policies.content.request

# METADATA
# title: New text holds a raw credential or another class that must not be sent
deny contains {"id": "raw-credential", "message": message, "severity": "high"} if {
	count(_found) > 0
	message := concat("", [
		"the prompt holds content of class ", concat(", ", sort(_found)),
		" that must not reach Claude; take it out and send again (rotate it if it is a secret)",
	])
}

# METADATA
# title: What may be in a request but must not reach Claude is masked in it
mask contains {"detectors": [class], "mode": mode} if {
	some class, number in input.detections.all
	number > 0
	mode := data.content.masked_classes[class]
	is_string(mode)
}

# METADATA
# title: What must not reach the client is masked in every answer
mask contains {"detectors": data.content.masked_in_answers, "mode": "redact"} if {
	input.action == "messages.create"
	count(data.content.masked_in_answers) > 0
}

# METADATA
# title: What was detected is withheld from later requests too
directive contains {"withhold": "detected"} if count(_found) > 0

# METADATA
# title: These masks leave thinking as it is, so that the conversation stays valid
directive contains {"thinking": "pass"} if count(mask) > 0

# METADATA
# title: Answers are watched where a class has a threshold
directive contains {"chunk": "on_detection", "thresholds": data.content.thresholds} if {
	count(data.content.thresholds) > 0
}

_found contains class if {
	some origin, counts in input.detections.new
	data.content.denied_origins[origin]
	some class, number in counts
	number > 0
	data.content.denied_classes[class]
}
