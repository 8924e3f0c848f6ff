package policies.commands.tool_use_test

import data.policies.commands.tool_use

_settings := {
	"denied": {"mkfs": "formats a disk"},
	"removable": {"node_modules": true, "dist": true},
	"removers": {"rimraf": true},
	"queries": {"programs": {"psql": true}, "texts": {"destructive": {"drop ": true}}},
	"verdicts": {"destructive": "approve", "opaque": "approve", "privileged": "deny"},
	"exempt": {"operators": {"opaque": true, "destructive": true}},
	"inline": {"destructive": {"rmtree": true}, "network": {"urlopen": true}},
	"programs": {
		"ls": {"class": "read"},
		"rm": {"class": "write", "expanded": "destructive"},
		"sudo": {"class": "privileged"},
		"find": {"words": {"-delete": "destructive"}},
		"git": {"class": "write", "sub": {
			"push": {"class": "network", "letters": {"f": "destructive"}, "beginnings": {"--force": "destructive"}},
			"reset": {"words": {"--hard": "destructive"}},
		}},
	},
}

_call(commands, more) := {
	"principal": {"groups": []},
	"input": object.union({"commands": commands, "expanded": [], "inline": [], "opaque": false}, more),
}

_judged(doc, settings) := found if {
	denied := {rule.id | some rule in tool_use.deny} with input as doc with data.commands as settings
	asked := {rule.id | some rule in tool_use.require_approval} with input as doc with data.commands as settings
	found := {"deny": denied, "approve": asked}
}

_of(commands) := _judged(_call(commands, {}), _settings)

_denied(commands) := _of(commands).deny

_asked(commands) := _of(commands).approve

_free := {"deny": set(), "approve": set()}

test_no_command_is_fine if _of([]) == _free

test_ordinary_commands_are_fine if {
	_of([
		["ls", "-la"],
		["rm", "a.txt"],
		["rm", "-f", "a"],
		["git", "push"],
		["git", "push", "-u", "origin", "main"],
		["git", "commit", "-m", "reset"],
		["/usr/bin/unknown"],
		["find", ".", "-name", "x"],
	]) == _free
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
		_denied([argv]) == {"recursive-removal"}
	}
}

test_recursive_removal_without_force_is_asked_for if {
	_of([["rm", "-r", "src"]]) == {"deny": set(), "approve": {"destructive-command"}}
}

test_no_message_repeats_what_the_call_says if {
	doc := _call([["rm", "-rf", "/srv/x"], ["mkfs", "/srv/x"], ["dd", "of=/dev/srv"], ["sudo", "/srv/x"]], {})
	messages := [rule.message | some rule in tool_use.deny] with input as doc with data.commands as _settings
	count(messages) == 4
	every message in messages {
		every word in ["rm -rf", "/srv", "mkfs", "sudo"] {
			not contains(message, word)
		}
	}
}

test_listed_targets_may_be_removed if {
	_of([["rm", "-rf", "node_modules"]]) == _free
	_of([["rm", "-r", "./node_modules/"]]) == _free
}

test_what_tools_make_anew_may_be_removed if {
	every target in ["packages/web/dist", "dist/*", "./node_modules/.bin/", "packages\\web\\dist"] {
		_of([["rm", "-rf", target]]) == _free
	}
	_of([["rimraf", "dist"], ["remove-item", "-recurse", "-force", "dist"]]) == _free
}

test_similar_targets_may_not_be_removed if {
	every target in [
		"node_modules/..",
		"dist/../src",
		"/dist",
		"~/dist",
		"$X/dist",
		"packages/dist/src",
		"/tmp",
		"/tmp/*",
		"/tmp/../home",
	] {
		_denied([["rm", "-rf", target]]) == {"recursive-removal"}
	}
}

test_other_programs_that_remove if {
	_asked([["rimraf", "src"]]) == {"destructive-command"}
	_asked([["remove-item", "-recurse", "src"]]) == {"destructive-command"}
	_denied([["remove-item", "-r", "-fo", "src"]]) == {"recursive-removal"}
	_of([["remove-item", "a.txt"]]) == _free
}

test_query_given_to_a_database if {
	every code in ["Drop Table x", "select 1;\nDROP\tTABLE x"] {
		doc := _call([["psql"]], {"inline": [{"program": "psql", "code": code}]})
		_judged(doc, _settings).approve == {"destructive-command"}
	}
	_judged(_call([], {"inline": [{"program": "psql", "code": "select dropped from x"}]}), _settings) == _free
}

test_long_option_that_is_cut_short if {
	_asked([["git", "push", "--for"]]) == {"destructive-command"}
	_asked([["git", "reset", "--har"]]) == {"destructive-command"}
	_asked([["git", "push", "--follow-tags"]]) == set()
}

test_word_in_other_letters if _asked([["find", ".", "-DELETE"]]) == {"destructive-command"}

test_listed_target_does_not_cover_another if _denied([["rm", "-rf", "node_modules", "src"]]) == {"recursive-removal"}

test_listed_target_with_an_expansion_beside_it if {
	found := _judged(_call([["rm", "-rf", "node_modules", "$X"]], {"expanded": [0]}), _settings)
	found.deny == {"recursive-removal"}
}

test_denied_program if _denied([["/sbin/mkfs", "/dev/sda"]]) == {"command-denied"}

test_device_write if {
	_denied([["dd", "if=x", "of=/dev/sda"]]) == {"device-write"}
	_denied([["dd", "if=x", "of=/dev/null"]]) == set()
	_denied([["dd", "if=x", "of=image"]]) == set()
}

test_class_of_a_word if _asked([["find", ".", "-delete"]]) == {"destructive-command"}

test_class_of_a_sub_command if {
	_asked([["git", "reset", "--hard"]]) == {"destructive-command"}
	_asked([["git", "-C", "x", "push", "origin", "-uf"]]) == {"destructive-command"}
	_asked([["git", "push", "--force-with-lease"]]) == {"destructive-command"}
	_asked([["git", "reset", "--soft"]]) == set()
}

test_class_of_a_program_may_be_denied if _denied([["sudo", "ls"]]) == {"privileged-command"}

test_argument_that_is_known_only_when_it_runs if {
	_judged(_call([["ls"], ["rm", "$F", "x"]], {"expanded": [1]}), _settings).approve == {"destructive-command"}
	_judged(_call([["ls", "$F"], ["rm", "x"]], {"expanded": [0]}), _settings) == _free
}

test_program_given_inline if {
	_judged(_call([["python3", "-c", "1"]], {"inline": [{"program": "python3", "code": "print(1)"}]}), _settings) == _free
	risky := {"inline": [{"program": "python3", "code": "shutil.rmtree('x')"}]}
	_judged(_call([["python3", "-"]], risky), _settings).approve == {"destructive-command"}
}

test_class_of_inline_programs if {
	settings := object.union(_settings, {"verdicts": {"interpreter": "approve"}})
	doc := _call([["python3", "-c", "1"]], {"inline": [{"program": "python3", "code": "print(1)"}]})
	_judged(doc, settings).approve == {"interpreter-command"}
}

test_what_cannot_be_read_is_asked_for if {
	_judged(_call([], {"opaque": true}), _settings) == {"deny": set(), "approve": {"opaque-command"}}
}

test_exempt_group if {
	doc := object.union(_call([], {"opaque": true}), {"principal": {"groups": ["operators"]}})
	_judged(doc, _settings) == _free
}

test_list_of_what_is_allowed if {
	settings := object.union(_settings, {"verdicts": {"unlisted": "approve"}})
	_judged(_call([["ls"]], {}), settings) == _free
	_judged(_call([["ls"], ["mystery"]], {}), settings).approve == {"unlisted-command"}
}

test_class_of_the_author if {
	settings := object.union(_settings, {"verdicts": {"house": "approve"}, "programs": {"deploy": {"class": "house"}}})
	doc := _call([["deploy"]], {})
	_judged(doc, settings).approve == {"house-command"}
	some rule in tool_use.require_approval with input as doc with data.commands as settings
	contains(rule.message, "class house")
}

test_requirement_comes_from_the_table if {
	table := {"default": {"groups": ["a"]}, "rules": {"destructive-command": {"groups": ["b"], "quorum": 2}}}
	asked := tool_use.require_approval with input as _call([["find", "-delete"]], {}) with data.commands as _settings
		with data.approvals as table
	{rule.approval | some rule in asked} == {{"groups": ["b"], "quorum": 2}}
}
