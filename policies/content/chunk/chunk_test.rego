package policies.content.chunk_test

import data.policies.content.chunk

test_under_the_threshold if {
	count(chunk.deny) == 0 with input as {"detections": {"email": 2}, "thresholds": {"email": 2}}
}

test_over_the_threshold if {
	some rule in chunk.deny with input as {"detections": {"email": 3}, "thresholds": {"email": 2}}
	rule.id == "answer-over-threshold"
	contains(rule.message, "email")
}

test_class_without_a_threshold if {
	count(chunk.deny) == 0 with input as {"detections": {"name": 9}, "thresholds": {"email": 2}}
}
