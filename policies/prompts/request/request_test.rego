package policies.prompts.request_test

import data.policies.prompts.request

_settings := {
	"reviewed": {"prompt_injection": {"user": 2, "tool_result": 3}},
	"denied": {"dangerous_instruction": {"user": 1}},
}

_saying(found) := {"action": "messages.create", "detections": {"new": found}}

_judged(doc) := found if {
	denied := {rule.id | some rule in request.deny} with input as doc with data.prompts as _settings
	asked := {rule.id | some rule in request.require_approval} with input as doc with data.prompts as _settings
	found := {"deny": denied, "approve": asked}
}

_free := {"deny": set(), "approve": set()}

test_ordinary_text if _judged(_saying({})) == _free

test_enough_marks_are_asked_for if {
	_judged(_saying({"user": {"prompt_injection": 2}})).approve == {"dangerous-prompt"}
	_judged(_saying({"tool_result": {"prompt_injection": 3}})).approve == {"dangerous-prompt"}
}

test_fewer_marks_pass if {
	_judged(_saying({"user": {"prompt_injection": 1}, "tool_result": {"prompt_injection": 2}})) == _free
}

test_other_origins_pass if _judged(_saying({"assistant": {"prompt_injection": 9}})) == _free

test_denied_class_is_denied_and_withheld if {
	doc := _saying({"user": {"dangerous_instruction": 1}})
	_judged(doc) == {"deny": {"prompt-denied"}, "approve": set()}
	request.directive == {{"withhold": "detected"}} with input as doc with data.prompts as _settings
}

test_counting_tokens_is_not_judged if {
	doc := object.union(_saying({"user": {"prompt_injection": 5}}), {"action": "messages.count_tokens"})
	_judged(doc) == _free
}
