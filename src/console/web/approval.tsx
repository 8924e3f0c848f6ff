import type { JsonObject } from '../../model/json.ts';
import type { ApprovalView, Difference, Page, Scope, VerdictShown } from '../models.ts';
import { Acts, pathOf, Review, Revoke } from './approval_acts.tsx';
import { Block, Raw, Rendered, ToolInput } from './content.tsx';
import { Heading } from './layout.tsx';
import { Age, Badge, Effect, Facts, Fingerprint, Moment, Panel, Reasons } from './parts.tsx';
import { Visible } from './text.tsx';

const scopeWords: { readonly [scope in Scope]: readonly [title: string, text: string] } = {
  once: ['Once', 'exactly this, one time'],
  session: ['This conversation', 'whatever the same rules ask about in it'],
  time_boxed: ['For a while', 'whatever the same rules ask about for this caller'],
};

const grantWords: { readonly [state: string]: string } = {
  approved: 'not used yet',
  in_flight: 'being used',
  spent: 'used',
};

/** One approval: what is bound on the left, the decision on the right. */
export function Approval({ view, page }: { readonly view: ApprovalView; readonly page: Page }) {
  const { approval } = view;
  return (
    <>
      <Heading
        above={<a href="/waiting">Waiting</a>}
        title={
          <>
            <Visible text={approval.requester.function ?? approval.requester.subject} />
            {approval.action === 'tool.use' ? ' wants to run ' : ' wants to ask '}
            <Visible text={approval.resource} />
          </>
        }
      >
        <p class="marks">
          <Effect effect={approval.status} />
          <span class="muted">
            {'asked '}
            <Age at={approval.createdAt} now={page.now} />
          </span>
          {approval.status === 'pending' && (
            <span class="muted">
              {'ends '}
              <Age at={approval.expiresAt} now={page.now} />
            </span>
          )}
        </p>
      </Heading>
      <div class="columns">
        <div>
          <Panel title={approval.action === 'tool.use' ? 'What would run' : 'What would be sent'}>
            {view.content === null ? (
              <p class="muted">It is not kept any more.</p>
            ) : (
              <>
                <Bound content={view.content as JsonObject} tool={approval.action === 'tool.use'} />
                {view.leftOut !== null && <p class="barred left-out">Not shown above: {view.leftOut}.</p>}
                {view.raw !== null && <Raw text={view.raw} title="Exactly what is bound" />}
                <p class="exact">
                  <a href={`${pathOf(approval.id)}/content`} data-whole>
                    The exact text
                  </a>
                  <span class="muted"> that the fingerprint is over</span>
                </p>
              </>
            )}
          </Panel>
          {view.facts.length > 0 && (
            <Panel title="What the gateway sees in it">
              <Facts facts={view.facts} />
            </Panel>
          )}
          {view.difference !== null && <Changed difference={view.difference} now={page.now} />}
        </div>
        <div class="side">
          <Decide view={view} page={page} />
          <Panel title="Why it waits">
            <Reasons reasons={approval.reasons} />
          </Panel>
          <Panel title="Who asks">
            <Facts facts={requesterFacts(view)} />
            {view.exchange !== null && (
              <p>
                <a href={`/activity/${encodeURIComponent(view.exchange)}`}>The exchange it came from</a>
              </p>
            )}
          </Panel>
        </div>
      </div>
    </>
  );
}

function Bound({ content, tool }: { readonly content: JsonObject; readonly tool: boolean }) {
  if (tool) return <ToolInput input={content.input ?? content} />;
  const body = (typeof content.body === 'object' && content.body !== null ? content.body : content) as JsonObject;
  const { messages, ...others } = body;
  return (
    <>
      {Array.isArray(messages) && <Messages messages={messages as readonly JsonObject[]} />}
      <Rendered value={others} />
    </>
  );
}

function Messages({ messages }: { readonly messages: readonly JsonObject[] }) {
  return (
    <ol class="messages">
      {messages.map((message) => (
        <li class={`message message-${message.role === 'assistant' ? 'assistant' : 'user'}`}>
          <p class="role">{String(message.role)}</p>
          {(typeof message.content === 'string'
            ? [{ type: 'text', text: message.content }]
            : (message.content as readonly JsonObject[])
          ).map((block) => (
            <Block block={block} />
          ))}
        </li>
      ))}
    </ol>
  );
}

function Decide({ view, page }: { readonly view: ApprovalView; readonly page: Page }) {
  const { approval } = view;
  const open = approval.status === 'pending';
  return (
    <section class={`panel decide decide-${approval.status}`} aria-label="Decision">
      <header>
        <h2>{open ? 'Your decision' : 'The decision'}</h2>
        <p class="muted">
          {approval.approved} of {approval.quorum} approved
        </p>
      </header>
      {view.verdicts.length > 0 && <Verdicts verdicts={view.verdicts} />}
      {!open && view.verdicts.length === 0 && (
        <p>It is {approval.status}; nobody can decide on it any more. Asking again opens a new one.</p>
      )}
      {open && view.barred !== null && (
        <p class="barred">
          <Visible text={view.barred} />
        </p>
      )}
      {open && view.barred === null && (
        <form method="post" action={pathOf(approval.id)} data-decide>
          <input type="hidden" name="csrf" value={page.viewer.csrf} />
          <input type="hidden" name="fingerprint" value={view.fingerprint} />
          <Scopes scopes={view.scopes} seconds={view.grantSeconds} />
          <label class="field">
            Comment{view.commentRequired ? '' : ' (the caller sees it when you deny)'}
            <textarea name="comment" rows={2} maxLength={500} required={view.commentRequired} />
          </label>
          <div class="buttons">
            <button type="submit" name="verdict" value="approve" class="approve" aria-keyshortcuts="a">
              Approve
            </button>
            <button type="submit" name="verdict" value="deny" class="deny" aria-keyshortcuts="d">
              Deny
            </button>
          </div>
          <p class="bound-to">Your decision is bound to this fingerprint of the content shown:</p>
          <Fingerprint value={view.fingerprint} />
        </form>
      )}
      {view.grants.length > 0 && (
        <ul class="grants">
          {view.grants.map((grant) => (
            <li key={grant.id}>
              <Badge tone={grant.state === 'approved' ? 'ok' : 'plain'}>{grantWords[grant.state] ?? grant.state}</Badge>
              <span class="muted">
                {scopeWords[grant.scope][0].toLowerCase()}
                {grant.state === 'approved' && (
                  <>
                    {', ends '}
                    <Age at={grant.expiresAt} now={page.now} />
                  </>
                )}
              </span>
              <Revoke grant={grant} view={view} page={page} />
            </li>
          ))}
        </ul>
      )}
      {(!open || view.barred !== null) && <Fingerprint value={view.fingerprint} />}
      {open && <Acts view={view} page={page} />}
      <Review view={view} page={page} />
    </section>
  );
}

function Scopes({ scopes, seconds }: { readonly scopes: readonly Scope[]; readonly seconds: number }) {
  if (scopes.length === 1) {
    return (
      <>
        <input type="hidden" name="scope" value={scopes[0]} />
        <p class="muted scope-one">
          {scopeWords[scopes[0]!][0]}: {scopeWords[scopes[0]!][1]}
        </p>
      </>
    );
  }
  return (
    <fieldset class="scopes">
      <legend>An approval holds</legend>
      {scopes.map((scope, at) => (
        <label>
          <input type="radio" name="scope" value={scope} defaultChecked={at === 0} />
          <span>
            <strong>{scopeWords[scope][0]}</strong>
            <span class="muted">
              {scopeWords[scope][1]}
              {scope === 'once' ? '' : `, at most ${Math.round(seconds / 60)} min`}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Verdicts({ verdicts }: { readonly verdicts: readonly VerdictShown[] }) {
  return (
    <ul class="verdicts">
      {verdicts.map((verdict) => (
        <li>
          <p class="marks">
            <Effect effect={verdict.verdict === 'deny' ? 'denied' : 'approved'} />
            <strong>
              <Visible text={verdict.person} />
            </strong>
            {verdict.scope !== null && <Badge>{scopeWords[verdict.scope][0].toLowerCase()}</Badge>}
            {verdict.breakGlass && <Badge tone="bad">broke the glass</Badge>}
          </p>
          {verdict.comment !== null && verdict.comment !== '' && (
            <p class="comment">
              <Visible text={verdict.comment} />
            </p>
          )}
          <p class="muted">
            <Moment at={verdict.at} /> UTC
          </p>
        </li>
      ))}
    </ul>
  );
}

function Changed({ difference, now }: { readonly difference: Difference; readonly now: number }) {
  const { changes, approvedAt, more } = difference;
  return (
    <Panel
      title="Against what was last approved"
      aside={
        approvedAt !== null && (
          <p class="muted">
            <Age at={approvedAt} now={now} />
          </p>
        )
      }
    >
      {changes.length === 0 && <p>Nothing is different.</p>}
      <ul class="changes">
        {changes.map(({ path, before, after }) => (
          <li key={path}>
            <p class="place">
              <Visible text={path} />
            </p>
            {before !== null && (
              <pre class="code line-gone">
                <span class="sign">- </span>
                <Visible text={before} />
              </pre>
            )}
            {after !== null && (
              <pre class="code line-new">
                <span class="sign">+ </span>
                <Visible text={after} />
              </pre>
            )}
          </li>
        ))}
      </ul>
      {more && <p class="muted">There are more.</p>}
    </Panel>
  );
}

function requesterFacts(view: ApprovalView) {
  const { requester } = view.approval;
  return [
    { name: 'function', values: [requester.function ?? 'not stated'], code: false },
    { name: 'subject', values: [requester.subject], code: false },
    { name: 'tenant', values: [requester.tenant], code: false },
    { name: 'person behind it', values: [requester.person ?? requester.owner ?? 'not known'], code: false },
    { name: 'may be decided by', values: view.groups, code: false },
    { name: 'policy revision', values: [view.revision.slice(0, 16)], code: false },
  ];
}
