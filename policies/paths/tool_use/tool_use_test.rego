package policies.paths.tool_use_test

import data.policies.paths.tool_use

_settings := {
	"write_denied": {"/etc": true, "~/.aws": true, "/dev": true},
	"segments_denied": {".ssh": true},
	"write_reviewed": {"/opt": true, "~/.config": true},
	"parts_reviewed": {"/.bashrc": true, "/.git/hooks/": true},
	"write_harmless": {"/dev/null": true, "/var/tmp": true},
	"write_roots": {},
	"outside_roots": "approve",
	"climbing_reviewed": {"etc": true},
	"read_reviewed": {"/.aws/credentials": true, "/.ssh/id_": true, "/etc/shadow": true},
	"directories_reviewed": {"/.aws": true},
}

_touching(path, absolute, write) := {"input": {"paths": [{
	"path": path,
	"absolute": absolute,
	"traversal": false,
	"write": write,
}]}}

_judged(doc, change) := found if {
	settings := object.union(_settings, change)
	denied := {rule.id | some rule in tool_use.deny} with input as doc with data.paths as settings
	asked := {rule.id | some rule in tool_use.require_approval} with input as doc with data.paths as settings
	found := {"deny": denied, "approve": asked}
}

_free := {"deny": set(), "approve": set()}

_written(path, absolute) := _judged(_touching(path, absolute, true), {})

_within(path, absolute) := _judged(_touching(path, absolute, true), {"write_roots": {"/srv/app": true}}).approve

test_project_file_may_be_written if _written("/home/me/project/a.ts", true) == _free

test_protected_directory_and_all_below if {
	_written("/etc", true).deny == {"write-protected"}
	_written("/etc/ssh/sshd_config", true).deny == {"write-protected"}
	_written("~/.aws/config", true).deny == {"write-protected"}
}

test_similar_name_is_not_protected if _written("/etcetera/a", true) == _free

test_reading_is_not_judged_as_writing if _judged(_touching("/etc/passwd", true, false), {}) == _free

test_protected_segment_anywhere if _written("/home/me/.ssh/authorized_keys", true).deny == {"write-protected"}

test_harmless_places if {
	_written("/dev/null", true) == _free
	_written("/dev/sda", true).deny == {"write-protected"}
	_judged(_touching("/var/tmp/x", true, true), {"write_roots": {"/srv": true}}) == _free
	_judged(_touching("/var/tmp/$X", true, true), {"write_roots": {"/srv": true}}).approve == {"write-outside-roots"}
}

test_settings_and_hooks_are_asked_for if {
	every path in ["/opt/x/y", "~/.config/a", "/home/me/.bashrc", ".git/hooks/pre-commit", "/srv/app/.git/hooks/post-merge"] {
		_written(path, true) == {"deny": set(), "approve": {"write-reviewed"}}
	}
	_written("src/git/hooks/a.ts", false) == _free
}

test_roots_bound_absolute_paths if {
	_within("/srv/app/a", true) == set()
	_within("/home/me/a", true) == {"write-outside-roots"}
}

test_roots_bound_paths_that_climb_or_expand if {
	_within("src/a", false) == set()
	_within("../a", false) == {"write-outside-roots"}
	_within("..", false) == {"write-outside-roots"}
	_within("$OUT/a", false) == {"write-outside-roots"}
	_within("/srv/app/{a,../b}", true) == {"write-outside-roots"}
}

test_outside_the_roots_may_be_denied if {
	change := {"write_roots": {"/srv/app": true}, "outside_roots": "deny"}
	_judged(_touching("/home/me/a", true, true), change) == {"deny": {"write-outside-roots"}, "approve": set()}
}

test_message_names_the_roots_and_not_the_path if {
	settings := object.union(_settings, {"write_roots": {"/srv/app": true}})
	some rule in tool_use.require_approval with input as _touching("/home/me/a", true, true) with data.paths as settings
	contains(rule.message, "/srv/app")
	not contains(rule.message, "/home/me")
}

test_reading_credentials_is_asked_for if {
	_judged(_touching("/home/me/.aws/credentials", true, false), {}).approve == {"credential-file-read"}
	_judged(_touching("docs/aws/credentials.md", false, false), {}) == _free
}

test_patterns_that_may_stand_for_credentials if {
	every path in ["~/.ssh/*", "~/.s*/id_rsa", "~/.ssh/i?_rsa", "/home/me/.aws/[c]redentials", "/etc/sh*"] {
		_judged(_touching(path, true, false), {}).approve == {"credential-file-read"}
	}
	every path in ["src/*.ts", "src/e*", "/home/me/etc/s*", "~/.cache/*"] {
		_judged(_touching(path, false, false), {}) == _free
	}
}

test_whole_directory_of_credentials if {
	_judged(_touching("~/.aws", true, false), {}).approve == {"credential-file-read"}
	_judged(_touching("~/.aws/config", true, false), {}) == _free
}

test_places_in_other_letters if {
	_written("/ETC/passwd", true).deny == {"write-protected"}
	_written("/home/me/.SSH/x", true).deny == {"write-protected"}
	_written("/home/me/.BashRC", true).approve == {"write-reviewed"}
}

test_climbing_to_a_place_of_the_system if {
	_written("../../../etc/passwd", false).approve == {"write-reviewed"}
	_written("../../src/etc/a", false) == _free
}
