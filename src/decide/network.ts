import { hostOf } from './hosts.ts';

/** What a program that reaches other machines would reach and write. */
export interface Reach {
  readonly hosts: readonly string[];
  /** Files that it writes what it got to. */
  readonly written: readonly string[];
}

/** A host that is known only when it runs. */
export const unknownHost = '(unknown)';

interface Transfer {
  /** Options that take the next word. One that is missing here is taken to stand alone, so that its value counts as a place. */
  readonly valued: ReadonlySet<string>;
  readonly written: ReadonlySet<string>;
  /** Options whose value names a host. */
  readonly places: ReadonlySet<string>;
  /** Options that read further places from a file. */
  readonly lists: ReadonlySet<string>;
}

const set = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const curl: Transfer = {
  valued: set(
    '-A -b -c -C -d -D -e -E -F -H -m -o -Q -r -t -T -u -U -w -X -y -Y -z --user-agent --cookie --cookie-jar --continue-at --data --data-raw --data-binary --data-ascii --data-urlencode --json --dump-header --referer --cert --cert-type --key --key-type --pass --form --form-string --header --proxy-header --max-time --connect-timeout --output --output-dir --quote --range --telnet-option --upload-file --user --proxy-user --write-out --request --speed-limit --speed-time --time-cond --retry --retry-delay --retry-max-time --max-redirs --max-filesize --limit-rate --cacert --capath --ciphers --tls-max --interface --local-port --stderr --trace --trace-ascii --oauth2-bearer --aws-sigv4 --range --rate --parallel-max --keepalive-time --unix-socket --abstract-unix-socket --url-query --dns-servers --noproxy --proto --proto-default --proto-redir --crlfile --engine --mail-from --pinnedpubkey --curves --ftp-port --service-name --happy-eyeballs-timeout-ms --expect100-timeout --netrc-file --hsts --etag-save --etag-compare',
  ),
  written: set(
    '-o -D -c --output --output-dir --dump-header --cookie-jar --stderr --trace --trace-ascii --hsts --etag-save',
  ),
  places: set(
    '-x --proxy --preproxy --socks4 --socks4a --socks5 --socks5-hostname --url --doh-url --connect-to --resolve --mail-rcpt',
  ),
  lists: set('-K --config'),
};

const wget: Transfer = {
  valued: set(
    '-o -a -O -P -t -T -w -Q -U -A -R -l -D -e --output-file --append-output --output-document --directory-prefix --tries --timeout --wait --quota --user-agent --header --post-data --post-file --body-data --body-file --method --user --password --accept --reject --level --referer --limit-rate --ca-certificate --certificate --private-key --load-cookies --save-cookies --max-redirect --dns-timeout --connect-timeout --read-timeout --cut-dirs --domains --exclude-domains --include-directories --exclude-directories',
  ),
  written: set('-o -a -O -P --output-file --append-output --output-document --directory-prefix --save-cookies'),
  places: set('-B --base'),
  lists: set('-i --input-file'),
};

/** Options of curl that name places among ports: `--connect-to here:80:there:80`. */
const among = set('--connect-to --resolve');

const transfers: ReadonlyMap<string, Transfer> = new Map([
  ['curl', curl],
  ['wget', wget],
]);

/** Programs whose first operand is a host. */
const first: ReadonlySet<string> = set(
  'ssh sftp nc ncat netcat telnet ping ping6 ftp mosh autossh nmap traceroute tracepath whois rlogin rsh',
);
/** Programs of which every operand may name a host. */
const every: ReadonlySet<string> = set(
  'dig drill nslookup host invoke-webrequest invoke-restmethod http https xh httpie aria2c socat lynx w3m links elinks lftp axel',
);
/** Programs whose operands name a place on another machine as `host:path`. */
const copying: ReadonlySet<string> = set('scp rsync');

/** What the command reaches, or null where its program is not known to reach other machines. */
export function reachOf(program: string, argv: readonly string[]): Reach | null {
  const transfer = transfers.get(program);
  if (transfer) return transferred(transfer, argv);
  const operands = argv.slice(1).filter((word) => !word.startsWith('-'));
  const own = special(program, argv, operands);
  if (own !== null) return { hosts: places(own), written: [] };
  if (every.has(program)) return { hosts: places(operands), written: [] };
  if (copying.has(program)) {
    return { hosts: places(operands.filter((word) => /^[^/]*:/.test(word))), written: operands.slice(-1) };
  }
  if (!first.has(program)) return null;
  // An option may have taken the first of them: the first that can be a host, and the one after it.
  return {
    hosts: places(operands.filter((word) => !/^\d+$/.test(word)).slice(0, argv[1]?.startsWith('-') ? 2 : 1)),
    written: [],
  };
}

const record = /^(A|AAAA|ANY|CAA|CNAME|DS|HTTPS|IN|MX|NS|PTR|SOA|SRV|SVCB|TXT|axfr)$/i;

/** Hosts of programs that mix them with other words, or null where the program has no such rule. */
function special(program: string, argv: readonly string[], operands: readonly string[]): readonly string[] | null {
  switch (program) {
    case 'dig':
    case 'drill':
      return operands
        .filter((word) => !word.startsWith('+') && !record.test(word))
        .map((word) => word.replace(/^@/, ''));
    case 'openssl':
      return argv.filter((_, at) => /^-(connect|proxy|host)$/.test(argv[at - 1] ?? ''));
    case 'git': {
      if (!operands.some((word) => /^(clone|push|fetch|pull|ls-remote|remote|submodule|archive)$/.test(word)))
        return [];
      const remotes = argv.map((word) => word.replace(/^--(?:remote|url|repo)=/, ''));
      return remotes.filter((word) => /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:|^[\w-]+(\.[\w-]+)+:/.test(word));
    }
    default:
      return null;
  }
}

function transferred(known: Transfer, argv: readonly string[]): Reach {
  const named: string[] = [];
  const written: string[] = [];
  let listed = false;
  for (let i = 1; i < argv.length; i++) {
    const { option, value, next } = optionOf(argv, i, known);
    if (option === null) {
      named.push(argv[i]!);
      continue;
    }
    if (next) i++;
    if (known.written.has(option)) written.push(value);
    else if (among.has(option))
      named.push(...value.split(':').filter((part) => !/^[\d*+-]*$/.test(part) || part.includes('.')));
    else if (known.places.has(option)) named.push(value);
    else if (/^(-e|--execute)$/.test(option) && /proxy/.test(value)) named.push(value.replace(/^[^=]*=\s*/, ''));
    else if (known.lists.has(option)) listed = true;
  }
  // A file of the name that the address ends in.
  const own =
    known === wget
      ? written.length === 0
      : argv.some((word) => /^(-[A-Za-z]*[OJ]\w*|--remote-name(-all)?)$/.test(word));
  if (own)
    written.push(
      ...named.map((place) => /[^/]*$/.exec(place.replace(/[?#].*$/s, ''))![0]).filter((file) => file !== ''),
    );
  return { hosts: listed ? [...places(named), unknownHost] : places(named), written };
}

/** The option at a place with its value: glued, after `=`, or the next word. A cluster counts as its last option. */
function optionOf(
  argv: readonly string[],
  at: number,
  known: Transfer,
): { readonly option: string | null; readonly value: string; readonly next: boolean } {
  const word = argv[at]!;
  if (!word.startsWith('-') || word === '-') return { option: null, value: '', next: false };
  const takes = (option: string) => known.valued.has(option) || known.places.has(option) || known.lists.has(option);
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    if (equals > 0) return { option: word.slice(0, equals), value: word.slice(equals + 1), next: false };
    return { option: word, value: argv[at + 1] ?? '', next: takes(word) };
  }
  for (let i = 1; i < word.length; i++) {
    const option = `-${word[i]}`;
    if (!takes(option)) continue;
    const glued = word.slice(i + 1);
    return { option, value: glued === '' ? (argv[at + 1] ?? '') : glued, next: glued === '' };
  }
  return { option: word, value: '', next: false };
}

function places(words: readonly string[]): string[] {
  return words.filter((word) => word !== '').flatMap((word) => placesOf(word));
}

/** The host of a place as it is spelled, with or without a scheme, a user, a port and a path; both where readers differ. */
function placesOf(word: string): string[] {
  const rest = word.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  return [...new Set([/[/?#]/, /[/?#\\]/].map((end) => hostIn(rest.split(end, 1)[0]!)))];
}

function hostIn(authority: string): string {
  const name = /^(\[[0-9a-f:.]+\]|[^:]+)/i.exec(authority.replace(/^.*@/s, ''))?.[1] ?? '';
  // `$HOST`, `$(…)`, a pattern or a list of curl (`{a,b}`).
  if (/[$`{}*]/.test(name) || name === '') return unknownHost;
  return hostOf(`http://${name}/`) ?? unknownHost;
}
