package policies.hours.request_test

import data.policies.hours.request

_groups := {"contractors": {"weekdays": {"1": true, "2": true}, "from": 8, "to": 18}}

_input(groups, weekday, hour) := {
	"principal": {"groups": groups},
	"now": {"minutes": 0, "weekday": weekday, "hour": hour},
}

_denied(doc) := found if {
	found := count(request.deny) with input as doc with data.hours.groups as _groups
}

test_unlisted_group_has_no_hours if _denied(_input(["developers"], 7, 3)) == 0

test_listed_group_within_its_hours if _denied(_input(["contractors"], 1, 8)) == 0

test_last_hour_is_not_included if _denied(_input(["contractors"], 1, 18)) == 1

test_before_the_first_hour if _denied(_input(["contractors"], 1, 7)) == 1

test_other_weekday if _denied(_input(["contractors"], 6, 12)) == 1

test_off_as_shipped if {
	count(request.deny) == 0 with input as _input(["contractors"], 7, 3) with data.hours.groups as {}
}
