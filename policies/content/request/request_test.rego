package policies.content.request_test

import data.policies.content.request

_settings := {
	"denied_classes": {"credential": true},
	"denied_origins": {"user": true, "system": true},
	"masked_classes": {"credential": "redact", "email": false},
	"masked_in_answers": [],
	"thresholds": {},
}

_input(found) := {"action": "messages.create", "detections": {"new": found, "all": {}}}

_ids(doc) := found if {
	found := {rule.id | some rule in request.deny} with input as doc with data.content as _settings
}

test_credential_in_a_prompt_is_denied_and_withheld if {
	doc := _input({"user": {"credential": 1}})
	_ids(doc) == {"raw-credential"}
	{"withhold": "detected"} in request.directive with input as doc with data.content as _settings
}

test_message_names_the_class if {
	some rule in request.deny with input as _input({"user": {"credential": 2}}) with data.content as _settings
	contains(rule.message, "credential")
}

test_other_classes_pass if _ids(_input({"user": {"email": 3}})) == set()

test_zero_hits_pass if _ids(_input({"user": {"credential": 0}})) == set()

test_other_origins_pass if _ids(_input({"assistant": {"credential": 1}})) == set()

test_credential_that_a_tool_read_is_masked if {
	found := {"new": {"tool_result": {"credential": 1}}, "all": {"credential": 1, "email": 2}}
	doc := {"action": "messages.create", "detections": found}
	_ids(doc) == set()
	request.mask == {{"detectors": ["credential"], "mode": "redact"}} with input as doc with data.content as _settings
	{"thinking": "pass"} in request.directive with input as doc with data.content as _settings
}

test_nothing_is_watched_without_thresholds if {
	count(request.directive) == 0 with input as _input({}) with data.content as _settings
}

test_thresholds_are_handed_to_the_stream if {
	settings := object.union(_settings, {"thresholds": {"email": 2}})
	{"chunk": "on_detection", "thresholds": {"email": 2}} in request.directive with input as _input({})
		with data.content as settings
}

test_answers_are_masked_whatever_was_found if {
	settings := object.union(_settings, {"masked_in_answers": ["private_key"]})
	request.mask == {{"detectors": ["private_key"], "mode": "redact"}} with input as _input({}) with data.content as settings
	counting := object.union(_input({}), {"action": "messages.count_tokens"})
	request.mask == set() with input as counting with data.content as settings
}
