/** What the panel tells. */
export interface PanelFacts {
  readonly data: string;
  readonly admin: string;
  readonly dataDir: string;
  readonly token: string;
  /** Logs the second person in to the console, once. */
  readonly reviewerLink: string;
}

/** The text that `sallyport dev` ends its start with: where things are, and lines to copy. */
export function panel({ data, admin, dataDir, token, reviewerLink }: PanelFacts): string {
  const at = dataDir === './.sallyport' ? '' : ` --data-dir ${dataDir}`;
  return `
Sallyport is running.

  This is a trial on your machine: a sandbox stands in for Claude, tokens come from the development issuer,
  the built-in policy decides, and it listens on loopback only.

  agents   ${data}
  console  ${admin}   (also /readyz, /metrics)
  state    ${dataDir}

In another terminal, in this folder:

  export PATH=$PWD/bin:$PATH
  export ANTHROPIC_BASE_URL=${data}
  export ANTHROPIC_AUTH_TOKEN=${token}

curl
  curl -N $ANTHROPIC_BASE_URL/v1/messages -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" \\
    -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' \\
    -d '{"model":"claude-opus-5-5","max_tokens":200,"stream":true,"messages":[{"role":"user","content":"Hello"}]}'

TypeScript SDK (reads both ANTHROPIC_ variables)
  const message = await new Anthropic({ apiKey: null }).messages.create({
    model: 'claude-opus-5-5', max_tokens: 200, messages: [{ role: 'user', content: 'Hello' }] });

Claude Code, or any program on the Agent SDK
  claude -p 'Hello'

See the gateway work: start the prompt with one of these lines
  sandbox:leak                Claude repeats a secret; you read [masked:…]
  sandbox:bash rm -rf /       Claude asks for a destructive command; policy denies it
  sandbox:bash rm -r old      a person has to approve this one; the call waits
  sandbox:tools               a tool call that policy allows

Decide as a second person, reviewer@localhost, in a browser (this link works once, for 10 minutes)
  ${reviewerLink}
  another one: sallyport token${at} --reviewer --link

What happened, and who allowed it
  sallyport audit list${at}
  sallyport sessions list${at}

A fresh token: sallyport token${at} --function my-agent      Stop: Ctrl-C
`;
}
