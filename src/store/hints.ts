/** Somebody who wants to know that something of a channel has changed. Called without arguments: the table is the truth. */
export type HintListener = () => void;

/** Hints within this process. A hint says "look again"; it may be lost or come for nothing. */
export class Hints {
  readonly #listeners = new Map<string, Set<HintListener>>();

  /** Calls `listener` at each hint until the returned function is called. */
  on(channel: string, listener: HintListener): () => void {
    let listeners = this.#listeners.get(channel);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(channel, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** Tells the listeners of a channel, in this turn of the event loop. */
  tell(channel: string): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener();
  }

  channels(): string[] {
    return [...this.#listeners.keys()];
  }
}

/** The name of a channel, which becomes part of a statement. Throws a TypeError for any other. */
export function channelName(channel: string): string {
  if (!/^[a-z_]{1,40}$/.test(channel)) throw new TypeError(`not a channel name: ${channel}`);
  return channel;
}
