import type { ComponentChildren } from 'preact';
import type { Json, JsonObject } from '../../model/json.ts';
import { Badge } from './parts.tsx';
import { Code, hasHidden, Visible } from './text.tsx';

/** Levels that are shown as lists; what is deeper is shown as its JSON. */
const DEPTH = 4;

/** Something a tool is called with or a request says, in a form for reading; `Raw` shows the same as it is bound. */
export function Rendered({ value, depth = 0 }: { readonly value: Json; readonly depth?: number }) {
  if (typeof value === 'string') {
    return isShort(value) ? (
      <span class="value">
        <Visible text={value} />
      </span>
    ) : (
      <Code text={value} />
    );
  }
  if (value === null || typeof value !== 'object') return <code class="value">{String(value)}</code>;
  if (depth >= DEPTH) return <Code text={JSON.stringify(value, null, 2)} />;
  if (Array.isArray(value)) return <Sequence values={value as readonly Json[]} depth={depth} />;
  const entries = Object.entries(value as JsonObject);
  if (entries.length === 0) return <span class="muted">empty</span>;
  return (
    <dl class="members">
      {entries.map(([name, member]) => (
        <div key={name}>
          <dt>
            <Visible text={name} />
          </dt>
          <dd>
            <Rendered value={member} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Sequence({ values, depth }: { readonly values: readonly Json[]; readonly depth: number }) {
  if (values.length === 0) return <span class="muted">none</span>;
  if (values.every((value) => typeof value === 'string' && isShort(value))) {
    return (
      <span class="words">
        {values.map((value) => (
          <code>
            <Visible text={String(value)} />
          </code>
        ))}
      </span>
    );
  }
  return (
    <ol class="sequence">
      {values.map((value) => (
        <li>
          <Rendered value={value} depth={depth + 1} />
        </li>
      ))}
    </ol>
  );
}

function isShort(text: string): boolean {
  return text.length <= 120 && !text.includes('\n');
}

/** The same as JSON, folded away. */
export function Raw({ text, title }: { readonly text: string; readonly title: ComponentChildren }) {
  return (
    <details class="raw" data-raw>
      <summary>
        {title}
        {hasHidden(text) && <Badge tone="bad">hidden characters</Badge>}
      </summary>
      <Code text={text} />
    </details>
  );
}

/** One content block of a message or an answer. */
export function Block({ block }: { readonly block: JsonObject }) {
  if (typeof block.text === 'string') {
    return (
      <div class="prose">
        <Visible text={block.text} />
      </div>
    );
  }
  if (typeof block.thinking === 'string') {
    return (
      <details class="thinking">
        <summary>Thinking</summary>
        {block.thinking === '' ? (
          <p class="muted">not shown by Claude</p>
        ) : (
          <div class="prose">
            <Visible text={block.thinking} />
          </div>
        )}
      </details>
    );
  }
  if (block.input !== undefined) return <ToolInput input={block.input} />;
  return <Code text={JSON.stringify(block, null, 2)} />;
}

/** The input of a tool call: a command as a command, anything else by its members. */
export function ToolInput({ input }: { readonly input: Json }) {
  const members = typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as JsonObject) : null;
  if (members === null || typeof members.command !== 'string') return <Rendered value={input} />;
  const { command, ...others } = members;
  return (
    <>
      <pre class="code command">
        <code>
          <Visible text={command as string} />
        </code>
      </pre>
      {Object.keys(others).length > 0 && <Rendered value={others} />}
    </>
  );
}
