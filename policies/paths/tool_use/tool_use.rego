# METADATA
# title: Where tools may write and read
# description: >-
#   `data.paths.write_denied` lists directories and files that nobody may write, `segments_denied` names that no written path
#   may have in it; `write_harmless` lists places below them that do no harm. What `write_reviewed` lists and paths with a
#   part of `parts_reviewed` need an approval, and so do paths that climb out of the project to a name of `climbing_reviewed`.
#   Where `write_roots` lists anything, so does writing outside those directories, by an absolute path, one that climbs, or
#   one that is known only when it runs (`outside_roots` may say `deny` instead). Reading a path with a part of
#   `read_reviewed`, or a pattern that may stand for one, needs an approval, and so does naming a whole directory of
#   `directories_reviewed`. Places count in small letters too, for disks that do not tell them apart.
# schemas:
#   - input: schema.tool_use
package policies.paths.tool_use

import data.lib.approvals

# METADATA
# title: A protected place
deny contains {"id": "write-protected", "message": message, "severity": "high"} if {
	some written in _written
	_protected(written)
	message := "this place belongs to the system or holds keys and may not be written; write inside the project instead"
}

# METADATA
# title: Outside the directories that may be written
deny contains {"id": "write-outside-roots", "message": _outside_message} if {
	data.paths.outside_roots == "deny"
	_outside
}

# METADATA
# title: Outside the directories that may be written without an approval
require_approval contains {"id": "write-outside-roots", "message": _outside_message, "approval": approval} if {
	data.paths.outside_roots == "approve"
	_outside
	approval := approvals.requirement("write-outside-roots")
}

# METADATA
# title: A place that changes how programs behave
require_approval contains {"id": "write-reviewed", "message": message, "approval": approval} if {
	some written in _written
	_reviewed(written)
	message := "this place belongs to the machine or the user, or holds settings and hooks that run by themselves"
	approval := approvals.requirement("write-reviewed")
}

# METADATA
# title: A file that holds credentials is read
require_approval contains {"id": "credential-file-read", "message": message, "approval": approval} if {
	some path in input.input.paths
	_credentials(lower(path.path))
	message := "this file usually holds credentials"
	approval := approvals.requirement("credential-file-read")
}

_outside_message := concat("", [
	"this place is outside the directories that may be written freely: ",
	concat(", ", sort(object.keys(data.paths.write_roots))),
])

# What is written, with the place itself and every directory above it as keys for a look-up.
_written := [written |
	some path in input.input.paths
	path.write
	above := _above(path.path) | _above(lower(path.path))
	not _harmless(path.path, above)
	written := {"path": path.path, "absolute": path.absolute, "above": above}
]

_above(path) := {concat("/", array.slice(parts, 0, n)) |
	parts := split(path, "/")
	some n in numbers.range(1, count(parts))
}

_harmless(path, above) if {
	not _expands(path)
	some place in above
	data.paths.write_harmless[place]
}

_protected(written) if {
	some place in written.above
	data.paths.write_denied[place]
}

_protected(written) if {
	some segment in split(lower(written.path), "/")
	data.paths.segments_denied[segment]
}

_reviewed(written) if {
	some place in written.above
	data.paths.write_reviewed[place]
}

_reviewed(written) if {
	rooted := lower(concat("", ["/", written.path]))
	some part, _ in data.paths.parts_reviewed
	contains(rooted, part)
}

_reviewed(written) if {
	startswith(written.path, "../")
	climbed := [part | some part in split(written.path, "/"); part != ".."]
	data.paths.climbing_reviewed[climbed[0]]
}

_credentials(path) if {
	some part, _ in data.paths.read_reviewed
	contains(path, part)
}

_credentials(path) if {
	some directory, _ in data.paths.directories_reviewed
	endswith(path, directory)
}

# A pattern stands for a credential where what is before it may begin one: `~/.ssh/*`, `~/.s*/id_rsa`.
_credentials(path) if {
	some sign in ["*", "?", "["]
	head := split(path, sign)[0]
	head != path
	some part, _ in data.paths.read_reviewed
	some n in numbers.range(3, count(part))
	endswith(head, substring(part, 0, n))
	_anchored(part, head, n)
}

# What begins at the root of the disk does so in the path too.
_anchored(part, _, _) if not startswith(part, "/etc/")

_anchored(part, head, n) if {
	startswith(part, "/etc/")
	count(head) == n
}

_outside if {
	count(data.paths.write_roots) > 0
	some written in _written
	not _inside(written)
}

_inside(written) if {
	written.absolute
	not _expands(written.path)
	some place in written.above
	data.paths.write_roots[place]
}

_inside(written) if {
	not written.absolute
	not _expands(written.path)
	not startswith(written.path, "../")
	written.path != ".."
}

_expands(path) if {
	some sign in ["$", "`", "{"]
	contains(path, sign)
}
