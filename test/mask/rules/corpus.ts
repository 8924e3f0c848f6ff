/**
 * A generated corpus of made-up secrets, personal data, and text that only looks alike. Written from the formats, not
 * from the rules; the values come from a seed, so none is kept in the repository and none was ever issued.
 */

export interface Sample {
  readonly kind: string;
  readonly text: string;
  /** The stretch that must be covered whole; null where nothing must be. */
  readonly value: readonly [from: number, to: number] | null;
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const lower = upper.toLowerCase();
const digits = '0123456789';
const alphabets = {
  word: upper + lower + digits,
  hex: `${digits}abcdef`,
  caps: upper + digits,
  base64: `${upper}${lower}${digits}+/`,
  base32: `${upper}234567`,
  lower,
  digits,
} as const;

/** Makes values of one seed. */
class Maker {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(count: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#state >> 8) % count;
  }

  text(alphabet: keyof typeof alphabets, length: number): string {
    const signs = alphabets[alphabet];
    return Array.from({ length }, () => signs[this.below(signs.length)]).join('');
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.text('hex', length)).join('-');
  }

  card(prefix: string, length: number): string {
    const body = prefix + this.text('digits', length - prefix.length - 1);
    const sum = [...body].reverse().reduce((total, sign, i) => {
      const value = Number(sign) * (i % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
    return body + ((10 - (sum % 10)) % 10);
  }

  iban(): string {
    const account = this.text('digits', 18);
    const rest = Number(BigInt(`${account}131400`) % 97n);
    return `DE${String(98 - rest).padStart(2, '0')}${account}`;
  }

  octet(): number {
    return 20 + this.below(200);
  }
}

type Make = (make: Maker) => string;

/** What must be masked is between « and ». */
const secrets: { readonly [kind: string]: Make } = {
  'aws id': (m) => `«AKIA${m.text('base32', 16)}»`,
  'aws secret': (m) => `aws_secret_access_key = «${m.text('base64', 40)}»`,
  github: (m) => `«ghp_${m.text('word', 36)}»`,
  'github app, long': (m) => `«ghs_${m.text('digits', 7)}_${m.text('word', 480)}»`,
  'github fine-grained': (m) => `«github_pat_${m.text('word', 22)}_${m.text('word', 59)}»`,
  gitlab: (m) => `«glpat-${m.text('word', 20)}»`,
  slack: (m) => `«xoxb-${m.text('digits', 12)}-${m.text('digits', 12)}-${m.text('word', 24)}»`,
  'slack hook': (m) =>
    `https://hooks.slack.com/services/«T${m.text('caps', 8)}/B${m.text('caps', 8)}/${m.text('word', 24)}»`,
  stripe: (m) => `«sk_live_${m.text('word', 24)}»`,
  anthropic: (m) => `«sk-ant-api03-${m.text('word', 93)}AA»`,
  openai: (m) => `«sk-proj-${m.text('word', 48)}»`,
  google: (m) => `«AIza${m.text('word', 35)}»`,
  npm: (m) => `«npm_${m.text('word', 36)}»`,
  pypi: (m) => `«pypi-AgEIcHlwaS5vcmc${m.text('word', 120)}»`,
  'hugging face': (m) => `«hf_${m.text('word', 34)}»`,
  sendgrid: (m) => `«SG.${m.text('word', 22)}.${m.text('word', 43)}»`,
  jwt: (m) => `«eyJhbGciOiJIUzI1NiJ9.eyJ${m.text('word', 60)}.${m.text('word', 43)}»`,
  digitalocean: (m) => `«dop_v1_${m.text('hex', 64)}»`,
  shopify: (m) => `«shpat_${m.text('hex', 32)}»`,
  telegram: (m) => `«${m.text('digits', 9)}:AA${m.text('word', 33)}»`,
  vault: (m) => `«hvs.${m.text('word', 90)}»`,
  discord: (m) => `«M${m.text('word', 23)}.${m.text('word', 6)}.${m.text('word', 27)}»`,
  twilio: (m) => `«SK${m.text('hex', 32)}»`,
  datadog: (m) => `DD_API_KEY=«${m.text('hex', 32)}»`,
  cloudflare: (m) => `CLOUDFLARE_API_TOKEN=«${m.text('word', 40)}»`,
  heroku: (m) => `HEROKU_API_KEY=«${m.uuid()}»`,
  'azure storage': (m) => `AccountKey=«${m.text('base64', 86)}==»`,
  postgres: (m) => `postgres://app:«${m.text('word', 14)}»@db.internal:5432/x`,
  mongodb: (m) => `mongodb+srv://u:«${m.text('word', 12)}»@c0.internal/x`,
  pem: (m) =>
    `-----BEGIN RSA PRIVATE KEY-----\n«${m.text('base64', 64)}\n${m.text('base64', 64)}\n${m.text('base64', 20)}==»\n-----END RSA PRIVATE KEY-----`,
  'pem in JSON': (m) =>
    `-----BEGIN PRIVATE KEY-----\\n«${m.text('base64', 64)}\\n${m.text('base64', 40)}»\\n-----END PRIVATE KEY-----\\n`,
  'bearer header': (m) => `Authorization: Bearer «${m.text('word', 40)}»`,
  'quoted password': (m) => `password = "«${m.text('word', 6)}!${m.text('word', 4)}9»"`,
  'environment password': (m) => `DB_PASSWORD=«${m.text('word', 8)}#7x»`,
  'JSON secret': (m) => `"client_secret": "«${m.text('word', 40)}»"`,
  'told password': (m) => `the admin password is «${m.text('word', 5)}$${m.text('word', 3)}9»`,
  'told password, German': (m) => `Das Passwort lautet «${m.text('word', 5)}!${m.text('word', 4)}7»`,
};

const personal: { readonly [kind: string]: Make } = {
  email: (m) => `«${m.text('lower', 6)}.${m.text('lower', 4)}@example.com»`,
  'email with tag': (m) => `«${m.text('word', 5)}+tag@mail.co.uk»`,
  'phone, US': (m) => `«(415) 555-${m.text('digits', 4)}»`,
  'phone, international': (m) => `«+49 30 ${m.text('digits', 8)}»`,
  'phone, E.164': (m) => `«+1415555${m.text('digits', 4)}»`,
  card: (m) => `«${m.card('4', 16)}»`,
  'card in groups': (m) => `«${m.card('54', 16).replace(/(....)(?=.)/g, '$1 ')}»`,
  amex: (m) => `«${m.card('37', 15)}»`,
  iban: (m) => `«${m.iban()}»`,
  'iban in groups': (m) => `«${m.iban().replace(/(....)(?=.)/g, '$1 ')}»`,
  ssn: (m) => `«${100 + m.below(500)}-${10 + m.below(80)}-${1000 + m.below(8000)}»`,
  ipv4: (m) => `«${m.octet()}.${m.octet()}.${m.octet()}.${m.octet()}»`,
  ipv6: (m) => `«2a02:8070:${m.text('hex', 4)}:${m.text('hex', 4)}::${m.text('hex', 4)}»`,
  mac: (m) => `«${Array.from({ length: 6 }, () => m.text('hex', 2)).join(':')}»`,
};

const alike: { readonly [kind: string]: Make } = {
  uuid: (m) => m.uuid(),
  'git commit': (m) => `commit ${m.text('hex', 40)}`,
  sha256: (m) => m.text('hex', 64),
  version: (m) => `v${m.below(9)}.${m.below(20)}.${m.below(30)}`,
  'version of four': (m) => `${m.below(9)}.${m.below(15)}.${m.below(15)}.${m.below(15)}`,
  timestamp: (m) => `2026-01-0${1 + m.below(9)}T10:${10 + m.below(40)}:00Z`,
  milliseconds: (m) => `17${m.text('digits', 11)}`,
  'prose about keys': () => 'Rotate your API key every 90 days and never share your password with anyone.',
  'prose about tokens': () => 'The password is stored as a hash; the token is required for each request.',
  'code that reads': () => 'const password = process.env.DB_PASSWORD;',
  'code with types': () => 'function login(password: string, token: string): Promise<void> {}',
  'code that calls': () => 'token = get_token(request.headers)',
  'code that throws': () => 'if (token === undefined) throw new Error("token is missing");',
  'schema in code': () => 'secret: z.string().min(8),',
  'workflow expression': () => ['password: $', '{{ secrets.DB_PASSWORD }}'].join(''),
  placeholder: () => 'API_KEY=your-api-key-here',
  stars: () => 'password: "********"',
  'shell variable': () => 'export TOKEN=$MY_TOKEN',
  'public ssh key': (m) => `ssh-rsa ${m.text('base64', 200)}`,
  'public pem': (m) => `-----BEGIN PUBLIC KEY-----\n${m.text('base64', 64)}\n-----END PUBLIC KEY-----`,
  certificate: (m) => `-----BEGIN CERTIFICATE-----\n${m.text('base64', 64)}\n-----END CERTIFICATE-----`,
  'publishable key': (m) => `pk_live_${m.text('word', 24)}`,
  image: (m) => `data:image/png;base64,${m.text('base64', 200)}`,
  integrity: (m) => `"integrity": "sha512-${m.text('base64', 86)}=="`,
  url: () => 'https://example.com/docs/api/v2/keys?id=42&page=3',
  isbn: () => 'ISBN 978-3-16-148410-0',
  'table in markdown': () => '| token | string | The access token of the caller. |',
  'package with version': () => '@types/node@26.6.6',
};

const wraps: readonly ((text: string) => string)[] = [
  (text) => `here it is: ${text} ok`,
  (text) => `(${text}).`,
  (text) => `- \`${text}\`\n`,
  (text) => `see ${text}, please`,
  (text) => text,
  (text) => `text\n${text}\ntext`,
];

/** So many samples of every kind of a group, all from one seed. */
export function corpus(group: 'secrets' | 'personal' | 'alike', seed: number, count: number): readonly Sample[] {
  const make = new Maker(seed);
  const kinds = { secrets, personal, alike }[group];
  return Object.entries(kinds).flatMap(([kind, one]) =>
    Array.from({ length: count }, (_, i): Sample => {
      const marked = wraps[i % wraps.length]!(one(make));
      const from = marked.indexOf('«');
      if (from === -1) return { kind, text: marked, value: null };
      return { kind, text: marked.replace(/[«»]/g, ''), value: [from, marked.indexOf('»') - 1] };
    }),
  );
}
