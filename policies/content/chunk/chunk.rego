# METADATA
# title: What detectors found in an answer
# description: An answer with more hits of a class than its threshold allows is stopped.
# schemas:
#   - input: schema.chunk
package policies.content.chunk

# METADATA
# title: A class is over its threshold
deny contains {"id": "answer-over-threshold", "message": message, "severity": "high"} if {
	some class, number in input.detections
	number > input.thresholds[class]
	message := concat("", [
		"the answer was stopped because it holds more content of class ", class,
		" than policy allows; ask for less of it",
	])
}
