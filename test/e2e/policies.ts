/** Rego laid over the project's policies for tests that need humans. */

const approval = (groups: string, quorum: number, more = '') =>
  `{"groups": ${groups}, "quorum": ${quorum}, "scopes": ["once", "session"], "expires_s": 600, "grant_s": 600, "reason_required": false${more}}`;

/** `echo deploy…` needs one reviewer, `echo release…` two; a prompt to the model `…haiku…` needs one. */
export const holding: Readonly<Record<string, string>> = {
  'holding/tool_use/holding.rego': `package policies.holding.tool_use

require_approval contains {"id": "deploy", "message": "deployments are approved by a reviewer", "approval": ${approval('["approvers"]', 1)}} if {
	some argv in input.input.commands
	argv[0] == "echo"
	startswith(argv[1], "deploy")
}

require_approval contains {"id": "release", "message": "releases are approved by two", "approval": ${approval('["approvers"]', 2)}} if {
	some argv in input.input.commands
	argv[0] == "echo"
	startswith(argv[1], "release")
}
`,
  'holding/request/holding.rego': `package policies.holding.request

require_approval contains {"id": "haiku", "message": "this model is approved by a reviewer", "approval": ${approval('["approvers"]', 1)}} if {
	contains(input.request.model, "haiku")
}
`,
};
