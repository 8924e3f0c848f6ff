# METADATA
# title: Whose approval a rule asks for
# description: >-
#   One table says it for all policies: `data.approvals.default` holds for every rule, `data.approvals.rules` changes
#   members of it for the rule with that id.
package lib.approvals

# METADATA
# title: requirement
# description: The approval that the rule with this id asks for.
requirement(id) := object.union(data.approvals.default, object.get(data.approvals.rules, id, {}))
