import { useLayoutEffect, useRef } from 'preact/hooks';
import { Fingerprint } from './parts.tsx';

/** What is asked over the page. */
export type Asked =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'verdict';
      readonly verdict: 'approve' | 'deny';
      readonly fingerprint: string;
      readonly confirm: () => void;
    };

const keys = [
  ['j, k', 'next, previous'],
  ['Enter', 'open'],
  ['a, d', 'approve, deny (asks once more)'],
  ['r', 'show everything raw'],
  ['g w, g a, g p, g s', 'waiting, activity, policy, status'],
  ['/', 'filter'],
  ['Esc', 'back'],
] as const;

/** A dialog over the page: the keys there are, or a verdict to confirm. */
export function Overlay({ asked, close }: { readonly asked: Asked; readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="asked">
      {asked.kind === 'help' ? <Help /> : <Verdict asked={asked} />}
    </dialog>
  );
}

function Help() {
  return (
    <form method="dialog">
      <h2 id="asked">Keys</h2>
      <dl class="keys">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <button type="submit">Close</button>
    </form>
  );
}

function Verdict({ asked }: { readonly asked: Extract<Asked, { readonly kind: 'verdict' }> }) {
  const approve = asked.verdict === 'approve';
  return (
    <form method="dialog" onSubmit={(event) => isConfirmed(event) && asked.confirm()}>
      <h2 id="asked">{approve ? 'Approve exactly this?' : 'Deny this?'}</h2>
      <p class="muted">The content whose fingerprint is</p>
      <Fingerprint value={asked.fingerprint} />
      <div class="buttons">
        <button type="submit" value="confirmed" class={approve ? 'approve' : 'deny'}>
          {approve ? 'Approve' : 'Deny'}
        </button>
        <button type="submit" value="cancelled">
          Not yet
        </button>
      </div>
    </form>
  );
}

function isConfirmed(event: SubmitEvent): boolean {
  return (event.submitter as HTMLButtonElement | null)?.value === 'confirmed';
}
