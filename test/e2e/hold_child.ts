import { readFileSync } from 'node:fs';
import { developmentConfig } from '../../src/config/index.ts';
import { createGateway } from '../../src/gateway.ts';

/* A gateway in a process of its own, to be killed or drained: `node hold_child.ts FILE` with {dataDir, config, env}; says its URLs. */

const { dataDir, config, env } = JSON.parse(readFileSync(process.argv[2]!, 'utf8'));
const gateway = await createGateway(developmentConfig(dataDir, config, env));
process.once('SIGTERM', () => void gateway.drain().then(() => process.exit(0)));
process.stdout.write(`${JSON.stringify(await gateway.listen())}\n`);
