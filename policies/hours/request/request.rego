# METADATA
# title: Working hours
# description: >-
#   Off until `data.hours.groups` names a group: `{"contractors": {"weekdays": {"1": true, …}, "from": 8, "to": 18}}`, weekdays
#   1 Monday to 7 Sunday, hours in UTC, `to` not included. A caller is denied outside the hours of every listed group it is in.
# schemas:
#   - input: schema.request
package policies.hours.request

# METADATA
# title: It is outside the hours of the caller's groups
deny contains {"id": "outside-working-hours", "message": message} if {
	count(_limited) > 0
	not _open
	message := concat("", [
		"Claude may not be used at this hour by ", concat(", ", sort(_limited)),
		"; try again within the hours (UTC) that data.hours.groups gives",
	])
}

_limited contains group if {
	some group in input.principal.groups
	data.hours.groups[group]
}

_open if {
	some group in _limited
	hours := data.hours.groups[group]
	hours.weekdays[format_int(input.now.weekday, 10)]
	input.now.hour >= hours.from
	input.now.hour < hours.to
}
