package policies.paths.tool_use_test

import data.policies.paths.tool_use

_settings := {
	"write_denied": {"/etc": true, "~/.bashrc": true},
	"write_harmless": {"/dev/null": true},
	"write_roots": {},
	"segments_denied": {".ssh": true},
}

_input(path, absolute, write) := {"input": {"paths": [{
	"path": path,
	"absolute": absolute,
	"traversal": false,
	"write": write,
}]}}

_ids(doc, roots) := found if {
	found := {rule.id | some rule in tool_use.deny} with input as doc
		with data.paths as object.union(_settings, {"write_roots": roots})
}

test_project_file_may_be_written if _ids(_input("/home/me/project/a.ts", true, true), {}) == set()

test_protected_directory_and_all_below if {
	_ids(_input("/etc", true, true), {}) == {"write-protected"}
	_ids(_input("/etc/ssh/sshd_config", true, true), {}) == {"write-protected"}
	_ids(_input("~/.bashrc", true, true), {}) == {"write-protected"}
}

test_similar_name_is_not_protected if _ids(_input("/etcetera/a", true, true), {}) == set()

test_reading_is_not_judged if _ids(_input("/etc/passwd", true, false), {}) == set()

test_protected_segment_anywhere if _ids(_input("/home/me/.ssh/authorized_keys", true, true), {}) == {"write-protected"}

test_harmless_device if _ids(_input("/dev/null", true, true), {"/srv": true}) == set()

test_roots_bound_absolute_paths if {
	_ids(_input("/srv/app/a", true, true), {"/srv/app": true}) == set()
	_ids(_input("/home/me/a", true, true), {"/srv/app": true}) == {"write-outside-roots"}
}

test_roots_bound_climbing_paths if {
	_ids(_input("src/a", false, true), {"/srv/app": true}) == set()
	_ids(_input("../a", false, true), {"/srv/app": true}) == {"write-outside-roots"}
	_ids(_input("..", false, true), {"/srv/app": true}) == {"write-outside-roots"}
}
