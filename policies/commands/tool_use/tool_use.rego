# METADATA
# title: Shell commands by risk
# description: >-
#   Every command that a tool call would run is sorted into classes of risk, by data: `data.commands.programs` says of a
#   program its `class`, and the classes that come with certain `words`, with `letters` in a short option (`-rf`), with
#   words of certain `beginnings`, with an argument that is known only when it runs (`expanded`), and, one level deeper, with
#   a sub-command (`sub`). `data.commands.inline` sorts programs given to an interpreter by text that occurs in them.
#   `data.commands.verdicts` says what becomes of a class: `approve`, `deny`, or nothing. Classes as shipped: `read`, `write`,
#   `network`, `interpreter` (a program given inline) pass; `destructive`, `privileged`, `publish`, `production` and `opaque`
#   (what would run cannot be read) need an approval. A verdict on `unlisted` makes the table a list of what is allowed.
#   `data.commands.exempt` frees groups from the verdict on a class. Some commands are never right: `data.commands.denied` maps
#   programs to the reason, and removing recursively by force is denied but for targets whose first or last part is listed in
#   `data.commands.removable`. `data.commands.removers` lists programs that remove recursively without being told to.
# schemas:
#   - input: schema.tool_use
package policies.commands.tool_use

import data.lib.approvals

# METADATA
# title: Recursive removal by force
deny contains {"id": "recursive-removal", "message": message, "severity": "high"} if {
	some call in _calls
	_forced(call)
	not _removable(call)
	message := concat("", [
		"removing recursively and by force destroys files for good and may not be done here; remove the single files by name,",
		" or ask the owner of the policy to list the target under data.commands.removable",
	])
}

# METADATA
# title: A program that is denied for everybody
deny contains {"id": "command-denied", "message": message, "severity": "high"} if {
	some call in _calls
	reason := data.commands.denied[call.program]
	message := concat("", ["this program ", reason, " and may not be run here; ask an operator to do it"])
}

# METADATA
# title: Raw writes to a device
deny contains {"id": "device-write", "message": message, "severity": "high"} if {
	some call in _calls
	call.program == "dd"
	some argument in call.argv
	startswith(argument, "of=/dev/")
	not argument in {"of=/dev/null", "of=/dev/stdout", "of=/dev/stderr"}
	message := "a device may not be written here; write to a file in the project"
}

# METADATA
# title: A command of a class that is denied
deny contains {"id": id, "message": message, "severity": "high"} if {
	some class in _refused
	id := concat("-", [class, "command"])
	message := concat("", [_said(class), " and may not be done here"])
}

# METADATA
# title: A command of a class that needs an approval
require_approval contains entry if {
	some class in _asked
	id := concat("-", [class, "command"])
	entry := {"id": id, "message": _said(class), "severity": "high", "approval": approvals.requirement(id)}
}

_calls := [call |
	some at, argv in input.input.commands
	parts := split(argv[0], "/")
	call := {"at": at, "argv": argv, "program": parts[count(parts) - 1]}
]

# The commands whose program is in the table, so that all others cost one look-up.
_listed := [{"call": call, "entry": entry} |
	some call in _calls
	entry := data.commands.programs[call.program]
]

# Those of which more is said than a class, and their sub-commands.
_detailed := [listed | some listed in _listed; not _plain(listed.entry)]

_plain(entry) if {
	count(entry) == 1
	entry.class
}

_entries := array.concat(_detailed, [{"call": listed.call, "entry": entry} |
	some listed in _detailed
	sub := listed.entry.sub
	some word in listed.call.argv
	some spelled in {word, lower(word)}
	entry := sub[spelled]
])

# ---- classes

_classes contains listed.entry.class if some listed in _listed

_classes contains listed.entry.class if some listed in _entries

_classes contains listed.entry.expanded if {
	some at in input.input.expanded
	some listed in _detailed
	listed.call.at == at
}

_classes contains class if {
	some listed in _entries
	words := listed.entry.words
	some word in listed.call.argv
	some spelled in {word, lower(word)}
	class := words[spelled]
}

# Git and others take a long option that is cut short: `git push --del`.
_classes contains class if {
	some listed in _entries
	some word in listed.call.argv
	startswith(word, "--")
	count(word) > 2
	some table in ["words", "beginnings"]
	some option, class in listed.entry[table]
	startswith(option, word)
	not contains(option, "=")
}

_classes contains class if {
	some listed in _entries
	some letter, class in listed.entry.letters
	some i, word in listed.call.argv
	i > 0
	startswith(word, "-")
	not startswith(word, "--")
	contains(word, letter)
}

_classes contains class if {
	some listed in _entries
	some beginning, class in listed.entry.beginnings
	some i, word in listed.call.argv
	i > 0
	startswith(word, beginning)
}

_classes contains "destructive" if {
	some call in _calls
	_recursive(call)
	not _removable(call)
}

_classes contains "interpreter" if count(input.input.inline) > 0

_classes contains class if {
	some program in input.input.inline
	code := concat("", ["\n", program.code])
	some class, texts in data.commands.inline
	some text, _ in texts
	contains(code, text)
}

_classes contains class if {
	some program in input.input.inline
	data.commands.queries.programs[program.program]
	code := replace(replace(lower(program.code), "\n", " "), "\t", " ")
	some class, texts in data.commands.queries.texts
	some text, _ in texts
	contains(code, text)
}

_classes contains "opaque" if input.input.opaque

_classes contains "unlisted" if {
	data.commands.verdicts.unlisted
	count(_listed) < count(_calls)
}

# ---- verdicts

_asked contains class if {
	some class in _classes
	data.commands.verdicts[class] == "approve"
	not _exempt(class)
}

_refused contains class if {
	some class in _classes
	data.commands.verdicts[class] == "deny"
	not _exempt(class)
}

_exempt(class) if {
	some group in input.principal.groups
	data.commands.exempt[group][class]
}

_said(class) := object.get(_messages, class, concat("", ["this is a command of the class ", class]))

_messages := {
	"destructive": "this command destroys data or discards work for good, or its arguments are known only when it runs",
	"interpreter": "this runs a program that is given on the command line",
	"network": "this command reaches other machines",
	"opaque": concat("", [
		"what this command would run cannot be read before it runs (eval, a variable or substitution as the command, a pipe",
		" into a shell, or broken syntax); written out plainly, one command after another, it may need no approval",
	]),
	"privileged": "this command acts with the rights of another user or changes the machine itself",
	"production": "this command changes or removes what runs elsewhere",
	"publish": "this command publishes something to others",
	"read": "this command reads",
	"unlisted": "this program is not in the table data.commands.programs",
	"write": "this command writes files",
}

# ---- removals

_recursive(call) if {
	call.program == "rm"
	_has_flag(call.argv, {"r", "R"}, "--recursive")
}

_recursive(call) if data.commands.removers[call.program]

_recursive(call) if {
	call.program == "remove-item"
	_has_beginning(call.argv, "-r")
}

_forced(call) if {
	call.program == "rm"
	_recursive(call)
	_has_flag(call.argv, {"f"}, "--force")
}

_forced(call) if {
	call.program == "remove-item"
	_recursive(call)
	_has_beginning(call.argv, "-fo")
}

_has_beginning(argv, beginning) if {
	some i, argument in argv
	i > 0
	startswith(argument, beginning)
}

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

_removable(call) if {
	not call.at in input.input.expanded
	targets := [argument | some i, argument in call.argv; i > 0; not startswith(argument, "-")]
	count(targets) > 0
	every target in targets {
		_rebuilt(split(trim_suffix(trim_prefix(replace(target, "\\", "/"), "./"), "/"), "/"))
	}
}

# What tools make anew: `dist`, `dist/*`, `packages/web/dist`.
_rebuilt(parts) if {
	not ".." in parts
	not parts[0] in {"", "~"}
	not startswith(parts[0], "$")
	named := [part | some part in parts; part != "*"]
	some part in {named[0], named[count(named) - 1]}
	data.commands.removable[part]
}
