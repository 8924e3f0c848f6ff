# METADATA
# title: Where tools may write
# description: >-
#   `data.paths.write_denied` lists directories and files that nobody may write, `segments_denied` names that no written path
#   may have in it. Where `write_roots` lists anything, writing to an absolute path is denied outside those directories, and so
#   is a relative path that climbs.
# schemas:
#   - input: schema.tool_use
package policies.paths.tool_use

# METADATA
# title: A protected place
deny contains {"id": "write-protected", "message": message, "severity": "high"} if {
	some written in _written
	_protected(written.path)
	message := "this place belongs to the system or holds keys and may not be written; write inside the project instead"
}

# METADATA
# title: Outside the directories that may be written
deny contains {"id": "write-outside-roots", "message": message} if {
	count(data.paths.write_roots) > 0
	some written in _written
	not _inside(written)
	message := concat("", [
		"this place is outside the directories that may be written: ",
		concat(", ", sort(object.keys(data.paths.write_roots))), "; write there instead",
	])
}

_written contains written if {
	some written in input.input.paths
	written.write
	not data.paths.write_harmless[written.path]
}

_protected(path) if {
	some ancestor in _ancestors(path)
	data.paths.write_denied[ancestor]
}

_protected(path) if {
	some segment in split(path, "/")
	data.paths.segments_denied[segment]
}

_inside(written) if {
	written.absolute
	some ancestor in _ancestors(written.path)
	data.paths.write_roots[ancestor]
}

_inside(written) if {
	not written.absolute
	not startswith(written.path, "../")
	written.path != ".."
}

# The path itself and every directory above it, as keys for a look-up.
_ancestors(path) := {concat("/", array.slice(parts, 0, n)) |
	parts := split(path, "/")
	some n in numbers.range(1, count(parts))
}
