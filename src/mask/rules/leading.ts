import type { Automaton } from './automaton.ts';
import type { Pattern } from './syntax.ts';

/** Literals shorter than this are met too often to be worth looking for. */
const shortest = 3;
const longest = 10;
const most = 600;
/** Choices of characters at one place that are written out. */
const mostUnits = 8;

/**
 * Lower-case texts such that everything the pattern matches begins with one of them, up to case; null where there is
 * no such list of useful texts. Nothing is accepted before the last character of its text.
 */
export function leadingLiterals(pattern: Pattern, automaton: Automaton): readonly string[] | null {
  const found = new Set<string>();
  for (const { text } of expand(pattern)) {
    const literal = cutAtAcceptance(text.slice(0, longest), automaton);
    if (literal.length < shortest && !isRare(literal)) return null;
    found.add(literal);
    if (found.size > most) return null;
  }
  // Of two texts of which one begins the other the shorter one finds both.
  return [...found].filter((text) => ![...found].some((other) => other !== text && text.startsWith(other))).sort();
}

interface Lead {
  readonly text: string;
  /** Whether the text is all that was matched so far, so that more may be added. */
  readonly open: boolean;
}

function expand(pattern: Pattern): readonly Lead[] {
  switch (pattern.kind) {
    case 'set': {
      const units = new Set<string>();
      for (const [from, to] of pattern.set) {
        if (to - from > 2 * mostUnits) return [{ text: '', open: false }];
        for (let unit = from; unit <= to; unit++) units.add(String.fromCharCode(unit).toLowerCase());
      }
      if (units.size > mostUnits) return [{ text: '', open: false }];
      return [...units].map((text) => ({ text, open: true }));
    }
    case 'choice':
      return pattern.items.flatMap(expand);
    case 'sequence':
      return pattern.items.reduce<readonly Lead[]>(followedBy, [{ text: '', open: true }]);
    case 'repeat': {
      let leads: readonly Lead[] = [{ text: '', open: true }];
      for (let i = 0; i < Math.min(pattern.min, longest); i++) leads = followedBy(leads, pattern.item);
      if (pattern.max === pattern.min) return leads;
      // One more may follow, or nothing: what then comes after either is not looked into.
      if (pattern.max - pattern.min === 1) return [...leads, ...followedBy(leads, pattern.item)];
      return leads.map(({ text }) => ({ text, open: false }));
    }
  }
}

function followedBy(leads: readonly Lead[], item: Pattern): readonly Lead[] {
  if (leads.length > most * 4) return leads.map(({ text }) => ({ text, open: false }));
  const next = expand(item);
  return leads.flatMap((lead) => {
    if (!lead.open || lead.text.length >= longest) return [{ text: lead.text, open: false }];
    return next.map(({ text, open }) => ({ text: lead.text + text, open }));
  });
}

/** Two units beyond ASCII are as telling as three letters: words of other scripts are short. */
function isRare(literal: string): boolean {
  return literal.length === 2 && /^[^\0-\x7f]+$/.test(literal);
}

function cutAtAcceptance(text: string, automaton: Automaton): string {
  // Case may differ in the text: a state is followed for every spelling.
  let states = new Set([1]);
  for (let i = 0; i < text.length; i++) {
    const next = new Set<number>();
    for (const state of states) {
      for (const sign of [text[i]!, text[i]!.toUpperCase()]) {
        if (sign.length !== 1) continue;
        next.add(automaton.next[state * automaton.classes + automaton.classOf[sign.charCodeAt(0)]!]!);
      }
    }
    if ([...next].some((state) => automaton.accepting[state])) return text.slice(0, i + 1);
    states = next;
  }
  return text;
}
