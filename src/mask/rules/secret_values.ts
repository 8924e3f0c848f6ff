/** Shannon entropy in bits a character; what people write by hand stays below about 3. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const placeholders =
  /^(?:true|false|null|none|undefined|string|required|optional|changeme|example|password|secret|token|x+|\*+|\.+|<.*>|[$#]?\{.*\}?|\[.*\]|%\w+%)$/i;
const announced =
  /^(?:your|my|the|some|example|dummy|test|fake|sample|placeholder|insert|enter|change|replace|redacted)(?:[-_ ]|[a-z]*$)/i;
/** Words joined by signs, `camelCase` with members, members of a short name, paths, selectors, variables to be filled in. */
const namesInCode =
  /^(?:[A-Za-z]+(?:[-_.:/#][A-Za-z]+)*|(?:[A-Za-z][a-z]+)+(?:\.[A-Za-z]\w*)*|[A-Za-z_$][\w$]{0,2}(?:\.[A-Za-z_$][\w$]{0,19})+|[~.]{0,2}\/[\w./-]*|[#.][a-z]+(?:[-_][a-z]+)*|[$:@%]\{?\w+[}%]?|process\.env\..*|(?:return|new|await|typeof|void)\b.*|!.{0,2})$/;
/** Where a secret is kept, not the secret: URLs, and references of vaults. */
const references =
  /^(?:(?:https?|wss?|file|op|vault|ssm|awssm|gcpsm|azurekeyvault|keyring|env|git|s3|gs|secret)(?:\+\w+)?:|ref\+|arn:|projects\/|@Microsoft\.KeyVault)/i;

/** Letters alone, in which the case changes as by chance. */
function randomLetters(value: string): boolean {
  if (!/^[A-Za-z]{14,}$/.test(value)) return false;
  const changes = value.match(/[a-z](?=[A-Z])|[A-Z](?=[a-z])/g)?.length ?? 0;
  return changes >= 0.38 * (value.length - 1) && entropy(value) >= 3;
}

/** A value that was made by a machine, or a password with some mixture: no name, no path, no placeholder. */
export function looksSecret(text: string): boolean {
  const value = text.replace(/[.:,;!?)*_([]+$/, '');
  // In a quoted phrase one of the words must be a secret of its own.
  if (value.includes(' '))
    return value.split(' ').some((part) => part.length >= 6 && /\d/.test(part) && looksSecret(part));
  if (randomLetters(value)) return true;
  if (placeholders.test(value) || announced.test(value) || namesInCode.test(value) || references.test(value))
    return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return kinds >= 2 && /\d|[^A-Za-z0-9._/-]/.test(value) && entropy(value) >= 2.5;
}

/** As `looks_secret`, where only a word such as "password" stands before it: letters, digits, and more than a name has. */
export function strongSecret(text: string): boolean {
  const value = text.replace(/[.:,;!?)*_]+$/, '');
  if (value.length < 8 || !/\d/.test(value) || !/[A-Za-z]/.test(value) || /[()=/\\]/.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return looksSecret(value) && (kinds >= 3 || (value.length >= 12 && entropy(value) >= 3));
}

/** A long value that no person would write: digits among letters, and much entropy. */
export function highEntropy(text: string): boolean {
  return ((/\d/.test(text) && /[A-Za-z]/.test(text)) || randomLetters(text)) && entropy(text) >= 3;
}

/** As `high_entropy`, but no UUID: those name sessions in logs. */
export function sessionValue(text: string): boolean {
  return highEntropy(text) && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
