import { randomBytes } from 'node:crypto';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A fresh id in the service's form, `msg_01…`, `toolu_01…`, `srvtoolu_01…`, `req_01…`: never the same twice. */
export function freshId(prefix: 'msg' | 'toolu' | 'srvtoolu' | 'req'): string {
  return `${prefix}_01${letters(22)}`;
}

/** A fresh bearer in the form the token endpoint mints. */
export function freshBearer(): string {
  return `sk-ant-oat01-${randomBytes(48).toString('base64url')}`;
}

function letters(count: number): string {
  let text = '';
  for (const byte of randomBytes(count)) text += ALPHABET[byte % ALPHABET.length];
  return text;
}
