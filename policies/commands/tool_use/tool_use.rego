# METADATA
# title: Shell commands that destroy or cannot be read
# description: >-
#   Judges the argument lists of every command a tool call would run. `data.commands.denied` maps program names to what they
#   do; `data.commands.removable` lists targets (as spelled) that may be removed recursively by force, e.g. `node_modules`;
#   `data.commands.opaque_allowed` lists groups that may run what the gateway cannot read.
# schemas:
#   - input: schema.tool_use
package policies.commands.tool_use

# METADATA
# title: Recursive removal by force
deny contains {"id": "recursive-removal", "message": message, "severity": "high"} if {
	some argv in input.input.commands
	_program(argv[0]) == "rm"
	_has_flag(argv, {"r", "R"}, "--recursive")
	_has_flag(argv, {"f"}, "--force")
	not _removable(_operands(argv))
	message := concat("", [
		"removing recursively and by force destroys files for good and may not be done here; remove the single files by name,",
		" or ask the owner of the policy to list the target under data.commands.removable",
	])
}

# METADATA
# title: Removal of everything that a search finds
deny contains {"id": "find-delete", "message": message, "severity": "high"} if {
	some argv in input.input.commands
	_program(argv[0]) == "find"
	"-delete" in argv
	message := "a search may not delete what it meets here; list the files, then remove them by name"
}

# METADATA
# title: A program that is denied for everybody
deny contains {"id": "command-denied", "message": message, "severity": "high"} if {
	some argv in input.input.commands
	reason := data.commands.denied[_program(argv[0])]
	message := concat("", ["this program ", reason, " and may not be run here; ask an operator to do it"])
}

# METADATA
# title: Raw writes to a device
deny contains {"id": "device-write", "message": message, "severity": "high"} if {
	some argv in input.input.commands
	_program(argv[0]) == "dd"
	some argument in argv
	startswith(argument, "of=/dev/")
	not argument in {"of=/dev/null", "of=/dev/stdout", "of=/dev/stderr"}
	message := "a device may not be written here; write to a file in the project"
}

# METADATA
# title: What would run cannot be read
deny contains {"id": "opaque-command", "message": message} if {
	input.input.opaque
	not _opaque_allowed
	message := concat("", [
		"what this command would run cannot be read before it runs (eval, a variable or substitution as the command, a pipe",
		" into a shell, or broken syntax); write the commands out plainly, one after another",
	])
}

_opaque_allowed if {
	some group in input.principal.groups
	data.commands.opaque_allowed[group]
}

_program(word) := parts[count(parts) - 1] if parts := split(word, "/")

# A short flag may stand in a cluster (-rf), a long one may be abbreviated (--recurs).
_has_flag(argv, letters, _) if {
	some i, argument in argv
	i > 0
	startswith(argument, "-")
	not startswith(argument, "--")
	some letter in letters
	contains(argument, letter)
}

_has_flag(argv, _, long) if {
	some i, argument in argv
	i > 0
	count(argument) > 2
	startswith(argument, "--")
	startswith(long, argument)
}

_operands(argv) := [argument | some i, argument in argv; i > 0; not startswith(argument, "-")]

_removable(targets) if {
	count(targets) > 0
	every target in targets {
		data.commands.removable[target]
	}
}
