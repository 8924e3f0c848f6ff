import { loadConfig } from '../config/index.ts';
import { createGateway } from '../gateway.ts';
import { endOnUncaught, runUntilSignal } from './run_gateway.ts';

/** `sallyport serve`: runs the gateway with a configuration file until a signal ends it. */
export async function serve(options: { readonly config: string }): Promise<number> {
  const gateway = await createGateway(loadConfig(options.config, process.env));
  endOnUncaught(gateway);
  const { data, admin } = await gateway.listen();
  gateway.log.info('serving agents', { url: data });
  gateway.log.info('serving the admin API', { url: admin });
  return runUntilSignal(gateway);
}
