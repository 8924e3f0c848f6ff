import type { ComponentChildren } from 'preact';
import type { Fact, ReasonShown, Requester } from '../models.ts';
import { Code, Visible } from './text.tsx';

type Tone = 'ok' | 'bad' | 'wait' | 'mask' | 'plain';

const effectTones: { readonly [effect: string]: Tone } = {
  allow: 'ok',
  approved: 'ok',
  approve: 'ok',
  complete: 'ok',
  deny: 'bad',
  denied: 'bad',
  refused: 'bad',
  fault: 'bad',
  require_approval: 'wait',
  pending: 'wait',
  mask: 'mask',
};

const effectWords: { readonly [effect: string]: string } = {
  allow: 'allowed',
  deny: 'denied',
  require_approval: 'asked a person',
  approve: 'approved',
  pending: 'waiting',
};

const doesWords: { readonly [effect: string]: string } = {
  allow: 'allows',
  deny: 'denies',
  require_approval: 'asks a person',
  mask: 'masks',
  directive: 'directs',
};

/** A word with a colour; the word alone says it all. */
export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

/** What policy or a person said, as a badge. */
export function Effect({ effect }: { readonly effect: string }) {
  return <Badge tone={effectTones[effect] ?? 'plain'}>{effectWords[effect] ?? effect}</Badge>;
}

/** What a rule does when it speaks. */
export function Does({ effect }: { readonly effect: string }) {
  return <span class={`effect-word effect-${effect}`}>{doesWords[effect] ?? effect}</span>;
}

/** A moment, as its distance from now; the exact time is its title. */
export function Age({ at, now }: { readonly at: number; readonly now: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={utc(at)}>
      {distance(at, now)}
    </time>
  );
}

/** A moment in UTC, to the second. */
export function Moment({ at }: { readonly at: number | string }) {
  const text = utc(typeof at === 'string' ? Date.parse(at) : at);
  return (
    <time class="moment" dateTime={text.replace(' ', 'T').concat('Z')}>
      <span class="moment-date">{text.slice(0, 10)}</span> {text.slice(11)}
    </time>
  );
}

/** `2026-01-05 02:15:00` in UTC. */
export function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** `3 min ago`, `in 7 min`. */
function distance(at: number, now: number): string {
  const seconds = Math.round(Math.abs(at - now) / 1000);
  if (seconds < 10) return at > now ? 'in a moment' : 'just now';
  const [amount, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3600
        ? [Math.floor(seconds / 60), 'min']
        : seconds < 172_800
          ? [Math.floor(seconds / 3600), 'h']
          : [Math.floor(seconds / 86_400), 'days'];
  return at > now ? `in ${amount} ${unit}` : `${amount} ${unit} ago`;
}

/** `1.2 s`, `340 ms`. */
export function duration(ms: number): string {
  return ms < 1000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1000).toFixed(1)} s`
      : `${(ms / 60_000).toFixed(1)} min`;
}

/** Who asks: the program, and on whose behalf. */
export function Who({ requester }: { readonly requester: Pick<Requester, 'function' | 'subject'> }) {
  return (
    <span class="who">
      <strong>
        <Visible text={requester.function ?? requester.subject} />
      </strong>
      {requester.function !== null && (
        <span class="muted">
          {' as '}
          <Visible text={requester.subject} />
        </span>
      )}
    </span>
  );
}

/** Why policy said what it said: rule, message, and the line where it is written. */
export function Reasons({ reasons }: { readonly reasons: readonly ReasonShown[] }) {
  return (
    <ul class="reasons">
      {reasons.map((reason) => (
        <li key={reason.id}>
          <p class="reason-head">
            <code class="rule">{reason.id}</code>
            {reason.severity !== 'medium' && reason.severity !== 'low' && <Badge tone="bad">{reason.severity}</Badge>}
          </p>
          {reason.message !== '' && (
            <p>
              <Visible text={reason.message} />
            </p>
          )}
          {reason.place !== null && <p class="place">{reason.place}</p>}
        </li>
      ))}
    </ul>
  );
}

/** Facts as pairs of a name and values. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map((fact) => (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          {fact.values.length === 0 && <dd class="muted">none</dd>}
          {fact.values.map((value) => (
            <dd class={/^[0-9a-f]{16,}$/.test(value) ? 'long' : undefined}>
              {fact.code ? <Code text={value} /> : <Visible text={value} />}
            </dd>
          ))}
        </div>
      ))}
    </dl>
  );
}

/** A fingerprint in groups that two people can compare. */
export function Fingerprint({ value }: { readonly value: string }) {
  return (
    <code class="fingerprint">
      {(value.match(/.{1,8}/g) ?? []).map((group) => (
        <span>{group}</span>
      ))}
    </code>
  );
}

/** What a page says when it has nothing to show. */
export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <Gate />
      <h2>{title}</h2>
      <p>{children}</p>
    </div>
  );
}

/** The mark: a gate with its two doors. */
export function Gate() {
  return (
    <svg class="gate" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M4 29V14C4 7.4 9.4 3 16 3s12 4.4 12 11v15" fill="none" stroke="currentColor" stroke-width="2.6" />
      <path d="M11 29V15.5c0-3 2.2-5 5-5s5 2 5 5V29" fill="none" stroke="currentColor" stroke-width="2.2" />
      <path d="M2.5 29h27" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" />
      <circle cx="16" cy="20" r="1.9" fill="currentColor" class="gate-eye" />
    </svg>
  );
}

/** A part of a page with a heading. */
export function Panel({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
