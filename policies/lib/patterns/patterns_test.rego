package lib.patterns_test

import data.lib.patterns

test_exact_name_is_covered if patterns.covers({"claude-opus-5": true}, "claude-opus-5", "-")

test_star_covers_every_name if patterns.covers({"*": true}, "anything", "-")

test_beginning_covers_what_follows_the_separator if patterns.covers({"claude-opus-*": true}, "claude-opus-5-5", "-")

test_beginning_does_not_cover_another_word if not patterns.covers({"claude-opus-*": true}, "claude-opusx-5", "-")

test_beginning_does_not_cover_itself if not patterns.covers({"claude-opus-*": true}, "claude-opus", "-")

test_false_in_the_table_is_no_cover if not patterns.covers({"claude-opus-5": false}, "claude-opus-5", "-")

test_empty_name_is_covered_by_star_only if {
	patterns.covers({"*": true}, "", "-")
	not patterns.covers({"a-*": true}, "", "-")
}
