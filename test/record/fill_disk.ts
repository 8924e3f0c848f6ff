import { openNode } from './support.ts';

/** Child process of `faults.test.ts`: appends until an append fails, then prints how many were acknowledged. */
const node = await openNode({ dataDir: process.argv[2]! });
let acknowledged = 0;
let code = '';
while (code === '') {
  await node.recorder
    .append({ kind: 'input.rejected', exchange: null, body: { text: 'x'.repeat(4000) } })
    .then(() => acknowledged++)
    .catch((fault: { code: string }) => {
      code = fault.code;
    });
}
process.stdout.write(JSON.stringify({ acknowledged, code }));
process.exit(0);
