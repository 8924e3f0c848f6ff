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

  /** Digits whose last one is what `check` says of those before it; -1 where there is none. */
  checked(length: number, check: (body: string) => number): string {
    for (;;) {
      const body = String(1 + this.below(9)) + this.text('digits', length - 2);
      const last = check(body);
      if (last >= 0 && last <= 9) return body + last;
    }
  }

  octet(): number {
    return 20 + this.below(200);
  }
}

type Make = (make: Maker) => string;

const sumOf = (body: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * Number(body[i]), 0);

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
  'typed constant': (m) => `const ACME_API_KEY: &str = "«${m.text('word', 32)}7»";`,
  'property with accessors': (m) => `public string ApiKey { get; set; } = "«${m.text('word', 30)}3»";`,
  macro: (m) => `#define DB_PASSWORD "«${m.text('word', 10)}!4»"`,
  'table row': (m) => `| Acme API key | \`«${m.text('hex', 40)}»\` |`,
  'bold name': (m) => `**Password:** «${m.text('word', 8)}#4x»`,
  'kubernetes variable': (m) => `- name: DB_PASSWORD\n  value: "«${m.text('word', 18)}5»"`,
  'variable in JSON': (m) => `{"name": "API_TOKEN", "value": "«${m.text('hex', 40)}»"}`,
  'XML attribute': (m) => `<add key="AcmeApiKey" value="«${m.text('word', 30)}9»" />`,
  'XML element': (m) => `<smtp_pass>«${m.text('word', 16)}8»</smtp_pass>`,
  'terraform default': (m) => `variable "db_password" {\n  default = "«${m.text('word', 20)}2»"\n}`,
  'option of a command': (m) => `acme deploy --acme-api-key «${m.text('word', 30)}4» --yes`,
  dockerfile: (m) => `ENV ACME_TOKEN «${m.text('word', 30)}6»`,
  'CREATE USER': (m) => `CREATE USER app IDENTIFIED BY '«${m.text('word', 10)}!5»';`,
  sqlcmd: (m) => `sqlcmd -S db -U sa -P '«${m.text('word', 12)}7»'`,
  'user and password': (m) => `credentials: admin / «${m.text('word', 10)}!3»`,
  'password without a verb': (m) => `with the password «${m.text('word', 6)}_4${m.text('word', 6)}»`,
  'wallet phrase': () => 'seed phrase: «tiger liquid orbit puzzle ability absent kiwi velvet noble urban wolf zebra»',
  'telegram URL': (m) => `https://api.telegram.org/bot«${m.text('digits', 10)}:AA${m.text('word', 33)}»/getMe`,
  'presigned URL': (m) => `https://b.s3.amazonaws.com/a?X-Amz-Signature=«${m.text('hex', 64)}»`,
  'logic app': (m) =>
    `https://prod-1.westeurope.logic.azure.com:443/workflows/a/invoke?api-version=1&sv=1.0&sig=«${m.text('word', 43)}»`,
  'oracle JDBC': (m) => `jdbc:oracle:thin:scott/«${m.text('word', 12)}»@//db.internal:1521/ORCL`,
  mysql2: (m) => `mysql2://app:«${m.text('word', 14)}»@db.internal/x`,
  cloudinary: (m) => `cloudinary://${m.text('digits', 15)}:«${m.text('word', 27)}»@acme`,
  'session token of AWS': (m) => `«IQoJb3JpZ2luX2Vj${m.text('base64', 300)}==»`,
  'bedrock, short-lived': (m) => `«bedrock-api-key-${m.text('base64', 120)}»`,
  gemini: (m) => `«AQ.Ab8RN6${m.text('word', 44)}»`,
  openshift: (m) => `«sha256~${m.text('word', 43)}»`,
  swarm: (m) => `«SWMTKN-1-${m.text('lower', 50)}-${m.text('lower', 25)}»`,
  flutterwave: (m) => `«FLWSECK-${m.text('hex', 32)}-X»`,
  mercadopago: (m) => `«APP_USR-${m.text('digits', 16)}-${m.text('digits', 6)}-${m.text('hex', 32)}-226149913»`,
  xendit: (m) => `«xnd_production_${m.text('word', 48)}»`,
  trello: (m) => `«ATTA${m.text('hex', 72)}»`,
  octopus: (m) => `«API-${m.text('caps', 30)}»`,
  aiven: (m) => `«AVNS_${m.text('word', 19)}»`,
  klaviyo: (m) => `«pk_${m.text('hex', 34)}»`,
  'firebase server': (m) => `«AAAA${m.text('word', 7)}:APA91b${m.text('word', 134)}»`,
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

/** Numbers that are told apart from others by their name or form, and by their check digit. */
const numbers: { readonly [kind: string]: Make } = {
  'ssn in JSON': (m) => `"ssn": "«${100 + m.below(500)}${10 + m.below(80)}${1000 + m.below(8000)}»"`,
  'telephone in a table': (m) => `| Telefon | «030 ${1000 + m.below(8000)}${m.text('digits', 4)}» |`,
  'telephone of an element': (m) => `<phone>«0171 ${1000 + m.below(8000)}${m.text('digits', 3)}»</phone>`,
  NIP: (m) => `"nip": "«${m.checked(10, (b) => sumOf(b, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11)}»"`,
  TAJ: (m) => `TAJ: «${m.checked(9, (b) => sumOf(b, [3, 7, 3, 7, 3, 7, 3, 7]) % 10)}»`,
  ABA: (m) => `routing_number: «${m.checked(9, (b) => (10 - (sumOf(b, [3, 7, 1, 3, 7, 1, 3, 7]) % 10)) % 10)}»`,
  EIN: (m) => `EIN: «12-${m.text('digits', 7)}»`,
  MyKad: (m) => `MyKad: «800101-14-${m.text('digits', 4)}»`,
  NIK: (m) => `NIK «317101010180${m.text('digits', 4)}»`,
  passport: (m) => `{"passport_number": "«C${1 + m.below(8)}X${m.text('digits', 6)}»"}`,
  BIC: (m) => `| BIC | «DEUTDE${m.text('caps', 2)}» |`,
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
  'git remote': (m) => `git@github.com:acme/${m.text('lower', 6)}.git`,
  'reference to a vault': () => 'password: "op://vault/item/password1"',
  'ARN of a secret': () => 'token: arn:aws:secretsmanager:eu-west-1:111122223333:secret:db2',
  'template in a URL': () => ['postgres://app:', '{PGPASSWORD}@localhost:5432/db'].join('$'),
  'member of a short name': () => 'password:t.password,token:e.token1',
  'operators in code': () => 'return e.token||e.password2',
  tokenizer: () => '"tokenizer": "cl100k_base"',
  'masked already': () => 'password=*** user=anna1',
  'session in a log': (m) => `session_id=${m.uuid()} user=4`,
  'usage of a command': () => 'acme login [--username USER] [--password PASS] [--token TOKEN]',
  'option that names a file': () => 'acme run --token-file /run/secrets/t0ken',
  selector: () => 'passwordInput: "#password"',
  'broadcast address': () => 'ff:ff:ff:ff:ff:ff',
  network: (m) => `allow 10.${m.below(200)}.0.0/16`,
  'key id that is a placeholder': () => 'AKIAXXXXXXXXXXXXXXXX',
  'minified module': () => 'var a=function(e){return e.token||e.password},b=(0,c.d)(e,{key:t.key,secret:n});',
  'go module': (m) => `github.com/acme/x v1.2.3 h1:${m.text('base64', 43)}=`,
  'trace headers': (m) => `traceparent: 00-${m.text('hex', 32)}-${m.text('hex', 16)}-01`,
  'flag of help': () => '  -p, --password string   Password to use when connecting',
  'column of SQL': () => 'ALTER TABLE users ADD COLUMN password_hash text;',
  'translated label': () => 'password: Mot de passe',
  'card with a wrong digit': (m) => m.card('4', 16).replace(/.$/, (digit) => String((Number(digit) + 3) % 10)),
};

const wraps: readonly ((text: string) => string)[] = [
  (text) => `here it is: ${text} ok`,
  (text) => `(${text}).`,
  (text) => `- \`${text}\`\n`,
  (text) => `see ${text}, please`,
  (text) => text,
  (text) => `text\n${text}\ntext`,
  (text) => `| prod | ${text} | active |`,
  (text) => `// ${text}`,
  (text) => `2026-03-01T10:00:00Z INFO ${text} done`,
];

/** So many samples of every kind of a group, all from one seed. */
export function corpus(group: 'secrets' | 'personal' | 'alike', seed: number, count: number): readonly Sample[] {
  const make = new Maker(seed);
  const kinds = { secrets, personal: { ...personal, ...numbers }, alike }[group];
  return Object.entries(kinds).flatMap(([kind, one]) =>
    Array.from({ length: count }, (_, i): Sample => {
      const marked = wraps[i % wraps.length]!(one(make));
      const from = marked.indexOf('«');
      if (from === -1) return { kind, text: marked, value: null };
      return { kind, text: marked.replace(/[«»]/g, ''), value: [from, marked.indexOf('»') - 1] };
    }),
  );
}
