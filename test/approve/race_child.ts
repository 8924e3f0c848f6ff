/**
 * One node of a fleet, for the races: `race_child.ts <url> <keys>`. At each message `{from, to}` it runs these rounds
 * side by side and answers with them.
 */
import { type Round, race } from './race.ts';
import { grantOfApproval } from './race_state.ts';
import { openBench } from './support.ts';

const [url, keysIn] = process.argv.slice(2);
const bench = await openBench({ url: url!, keysIn: keysIn! });
process.on('message', async ({ from, to }: { readonly from: number; readonly to: number }) => {
  const rounds: Promise<Round>[] = [];
  for (let at = from; at < to; at++) rounds.push(race(bench, `race ${at}`, grantOfApproval(bench)));
  process.send!(await Promise.all(rounds));
});
process.on('disconnect', () => void bench.close());
process.send!([]);
