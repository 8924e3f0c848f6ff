/**
 * `make bench`: one line a figure, `figure <name> <value> <unit> goal <op> <value> ok|short`, each the median of
 * interleaved rounds. Lines that begin with `note` help to read them. `ARGS=9` sets the number of rounds.
 */
import { holdFigures } from './hold.ts';
import { maskFigures } from './mask.ts';
import { policyFigures } from './policy.ts';
import { proxyFigures } from './proxy.ts';

const rounds = Number(process.argv[2] ?? 5);
await policyFigures(rounds);
await maskFigures(rounds);
await proxyFigures(rounds);
await holdFigures(rounds);
