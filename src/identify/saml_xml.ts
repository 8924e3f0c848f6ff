import { refusal } from './refusal.ts';

/** One element of a document that was read strictly. */
export interface XmlElement {
  readonly namespace: string;
  readonly local: string;
  /** By local name; prefixed attributes and namespace declarations are under their full name. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** All text directly in it. */
  text: string;
}

const MAX_CHARACTERS = 262_144;
const MAX_ELEMENTS = 2_000;
const MAX_DEPTH = 32;

const tag = /<(\/?)([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const entities: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Reads XML that consists of elements and text alone. What two parsers could read in two ways or what could make a
 * parser work hard is refused at sight: document types (with entities and external references), comments, CDATA,
 * processing instructions, undeclared prefixes, attributes given twice. Throws `GatewayError` TOKEN_INVALID.
 */
export function readXml(xml: string): XmlElement {
  if (xml.length > MAX_CHARACTERS) throw refusal('TOKEN_INVALID', 'size');
  const body = xml
    .replace(/^<\?xml\s+version\s*=\s*["']1\.0["'](?:\s+encoding\s*=\s*["']utf-8["'])?\s*\?>/i, '')
    .trim();
  const root: XmlElement = { namespace: '', local: '', attributes: new Map(), children: [], text: '' };
  const open: { readonly element: XmlElement; readonly name: string; readonly scope: ReadonlyMap<string, string> }[] = [
    { element: root, name: '', scope: new Map([['xml', 'http://www.w3.org/XML/1998/namespace']]) },
  ];
  let count = 0;
  for (let at = 0; at < body.length; ) {
    const here = open.at(-1)!;
    if (body[at] !== '<') {
      const end = body.indexOf('<', at);
      const text = body.slice(at, end < 0 ? body.length : end);
      if (open.length === 1) throw refusal('TOKEN_INVALID', 'xml');
      here.element.text += decoded(text);
      at += text.length;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(body);
    if (!found) throw refusal('TOKEN_INVALID', 'xml');
    at = tag.lastIndex;
    const [, closing, name = '', written = '', empty] = found;
    if (closing) {
      if (written || empty || open.length === 1 || name !== here.name) throw refusal('TOKEN_INVALID', 'xml');
      open.pop();
      continue;
    }
    if (++count > MAX_ELEMENTS || open.length > MAX_DEPTH) throw refusal('TOKEN_INVALID', 'xml');
    if (open.length === 1 && root.children.length > 0) throw refusal('TOKEN_INVALID', 'xml');
    const { element, scope } = start(name, written, here.scope);
    here.element.children.push(element);
    if (!empty) open.push({ element, name, scope });
  }
  const [document] = root.children;
  if (open.length !== 1 || !document) throw refusal('TOKEN_INVALID', 'xml');
  return document;
}

function start(name: string, written: string, outer: ReadonlyMap<string, string>) {
  const attributes = new Map<string, string>();
  for (const [, key = '', double, single] of written.matchAll(attribute)) {
    if (attributes.has(key)) throw refusal('TOKEN_INVALID', 'xml');
    attributes.set(key, decoded(double ?? single ?? ''));
  }
  const scope = new Map(outer);
  for (const [key, value] of attributes) {
    if (key === 'xmlns') scope.set('', value);
    else if (key.startsWith('xmlns:')) scope.set(key.slice(6), value);
  }
  const [local = '', prefix = ''] = name.split(':').reverse();
  const namespace = scope.get(prefix);
  if (prefix !== '' && namespace === undefined) throw refusal('TOKEN_INVALID', 'xml');
  const element: XmlElement = { namespace: namespace ?? '', local, attributes, children: [], text: '' };
  return { element, scope };
}

function decoded(text: string): string {
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) throw refusal('TOKEN_INVALID', 'xml');
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&/g, (_whole, decimal, hex, name) => {
    if (name !== undefined && Object.hasOwn(entities, name)) return entities[name]!;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : 0;
    if (code < 0x20 && code !== 0x9 && code !== 0xa && code !== 0xd) throw refusal('TOKEN_INVALID', 'xml');
    if (code > 0x10_ff_ff || (code >= 0xd8_00 && code <= 0xdf_ff)) throw refusal('TOKEN_INVALID', 'xml');
    return String.fromCodePoint(code);
  });
}

/** Every element under (and including) one, in document order. */
export function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}

/** The children of a name. */
export function childrenOf(element: XmlElement, namespace: string, local: string): XmlElement[] {
  return element.children.filter((child) => child.local === local && child.namespace === namespace);
}

/** The only child of a name. Throws `GatewayError` TOKEN_INVALID where there are none or several. */
export function childOf(element: XmlElement, namespace: string, local: string): XmlElement {
  const [first, second] = childrenOf(element, namespace, local);
  if (!first || second) throw refusal('TOKEN_INVALID', 'xml');
  return first;
}

/** The text of an element that holds nothing else, without the white space around it. Throws as `childOf`. */
export function plainText(element: XmlElement): string {
  if (element.children.length > 0) throw refusal('TOKEN_INVALID', 'xml');
  return element.text.trim();
}
