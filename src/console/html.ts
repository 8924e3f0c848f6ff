const escapes: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML that is safe to send: made by `html`, or by a renderer that escapes. */
export class Html {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Takes what a renderer made that escapes every text itself. */
  static rendered(text: string): Html {
    return new Html(text);
  }
}

/**
 * A template of HTML. What is put in is text and is escaped, in elements and in quoted attributes, unless it is `Html`
 * already; lists are put in one after another.
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  let text = parts[0] ?? '';
  for (let i = 0; i < values.length; i++) text += escaped(values[i] ?? '') + (parts[i + 1] ?? '');
  return Html.rendered(text);
}

function escaped(value: string | number | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return String(value).replace(/[&<>"']/g, (character) => escapes[character]!);
}

/** JSON for a data block (`<script type="application/json">`): no text in it can end the element. */
export function jsonBlock(value: unknown): Html {
  return Html.rendered(JSON.stringify(value).replace(/</g, '\\u003c'));
}
