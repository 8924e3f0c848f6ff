package policies.commands.tool_use_test

import data.policies.commands.tool_use

_settings := {
	"denied": {"mkfs": "formats a disk"},
	"removable": {"node_modules": true},
	"opaque_allowed": {"operators": true},
}

_input(commands) := {"principal": {"groups": []}, "input": {"commands": commands, "opaque": false}}

_ids(commands) := found if {
	found := {rule.id | some rule in tool_use.deny} with input as _input(commands) with data.commands as _settings
}

test_no_command_is_fine if _ids([]) == set()

test_ordinary_commands_are_fine if {
	_ids([["ls", "-la"], ["rm", "a.txt"], ["rm", "-r", "build"], ["rm", "-f", "a"], ["git", "push"]]) == set()
}

test_recursive_removal_in_every_spelling if {
	every argv in [
		["rm", "-rf", "/"],
		["rm", "-fr", "src"],
		["rm", "-R", "-f", "src"],
		["rm", "src", "-r", "-f"],
		["/bin/rm", "-rfv", "src"],
		["rm", "--recursive", "--force", "src"],
		["rm", "--rec", "--for", "src"],
		["rm", "-rf"],
	] {
		_ids([argv]) == {"recursive-removal"}
	}
}

test_no_message_repeats_what_the_call_says if {
	commands := [["rm", "-rf", "/srv/x"], ["mkfs", "/srv/x"], ["dd", "of=/dev/srv"], ["find", "/srv/x", "-delete"]]
	messages := [rule.message | some rule in tool_use.deny] with input as _input(commands) with data.commands as _settings
	count(messages) == 4
	every message in messages {
		every word in ["rm -rf", "/srv", "mkfs", "find"] {
			not contains(message, word)
		}
	}
}

test_listed_targets_may_be_removed if _ids([["rm", "-rf", "node_modules"]]) == set()

test_listed_target_does_not_cover_another if _ids([["rm", "-rf", "node_modules", "src"]]) == {"recursive-removal"}

test_find_delete if {
	_ids([["find", ".", "-name", "*.o", "-delete"]]) == {"find-delete"}
	_ids([["find", ".", "-name", "*.o"]]) == set()
}

test_denied_program if _ids([["/sbin/mkfs", "/dev/sda"]]) == {"command-denied"}

test_device_write if {
	_ids([["dd", "if=x", "of=/dev/sda"]]) == {"device-write"}
	_ids([["dd", "if=x", "of=/dev/null"]]) == set()
	_ids([["dd", "if=x", "of=image"]]) == set()
}

test_opaque_command_is_denied if {
	doc := {"principal": {"groups": ["developers"]}, "input": {"commands": [], "opaque": true}}
	some rule in tool_use.deny with input as doc with data.commands as _settings
	rule.id == "opaque-command"
}

test_opaque_command_of_a_listed_group if {
	doc := {"principal": {"groups": ["operators"]}, "input": {"commands": [], "opaque": true}}
	count(tool_use.deny) == 0 with input as doc with data.commands as _settings
}
