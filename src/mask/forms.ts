/**
 * The spellings under which a known value may turn up: itself, percent-encoded, JSON-escaped, in hex, and inside
 * base64 at any alignment. Every spelling is matched like the value.
 */
export function spellings(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  const all = new Set<string>([value, ...percentForms(value, bytes), ...jsonForms(value)]);
  for (const form of base64Forms(bytes)) all.add(form);
  all.add(bytes.toString('hex'));
  all.add(bytes.toString('hex').toUpperCase());
  return [...all];
}

function percentForms(value: string, bytes: Buffer): string[] {
  const every = (lower: boolean) => {
    const hex = bytes.toString('hex');
    return (lower ? hex : hex.toUpperCase()).replace(/../g, '%$&');
  };
  const forms = [every(true), every(false)];
  // A lone surrogate has no percent-encoded form.
  if (!value.isWellFormed()) return forms;
  const component = encodeURIComponent(value);
  const strict = component.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const form of [component, strict, strict.replaceAll('%20', '+')]) {
    forms.push(
      form,
      form.replace(/%../g, (triple) => triple.toLowerCase()),
    );
  }
  return forms;
}

/** JSON inside text: as `JSON.stringify` spells it, as ASCII-only and HTML-safe writers do, and once more nested. */
function jsonForms(value: string): string[] {
  const plain = JSON.stringify(value).slice(1, -1);
  const hex = (unit: string) => unit.charCodeAt(0).toString(16).padStart(4, '0');
  const ascii = plain.replace(/[\u007f-\uffff]/g, (unit) => `\\u${hex(unit)}`);
  const upper = plain.replace(/[\u007f-\uffff]/g, (unit) => `\\u${hex(unit).toUpperCase()}`);
  const slash = plain.replaceAll('/', '\\/');
  const html = ascii.replace(/[<>&'+]/g, (unit) => `\\u${hex(unit)}`);
  const once = [
    plain,
    ascii,
    upper,
    slash,
    html,
    html.replace(/\\u00../g, (spelled) => `\\u${spelled.slice(2).toUpperCase()}`),
  ];
  return [...once, ...once.map((form) => JSON.stringify(form).slice(1, -1))];
}

/**
 * The characters of base64 text that the value alone determines, for each of the three places it may begin at within
 * a group of three bytes. A character shared with a neighbouring byte is left out.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    const standard = encoded.slice(first, last);
    forms.push(standard, standard.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}
