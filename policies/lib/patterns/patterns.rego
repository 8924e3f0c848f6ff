# METADATA
# title: Names and patterns in data tables
# description: >-
#   A table is an object: its keys are exact names, `*` for every name, or a beginning up to a separator and `*`
#   (`claude-opus-*`). A look-up costs a few object reads however large the table is.
package lib.patterns

# METADATA
# title: covers
# description: Whether the table has the name, or a pattern that covers it.
covers(table, name, separator) if {
	table[name]
} else if {
	table["*"]
} else if {
	parts := split(name, separator)
	some n in numbers.range(1, count(parts))
	n < count(parts)
	table[concat("", [concat(separator, array.slice(parts, 0, n)), separator, "*"])]
}

# METADATA
# title: keys
# description: The keys that may stand for a name in a table.
keys(name, separator) := {name, "*"} | {key |
	parts := split(name, separator)
	some n in numbers.range(1, count(parts))
	n < count(parts)
	key := concat("", [concat(separator, array.slice(parts, 0, n)), separator, "*"])
}
