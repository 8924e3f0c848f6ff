import type { JsonNode } from '../model/body.ts';
import type { Client } from '../model/exchange.ts';

/**
 * What kind of request this is. The client's header says it where present; of Claude Code without the header, a
 * request without client tools or for a formatted answer is a side request (titles, summaries); everything else is
 * the conversation itself. A claim: a side class only loses rights.
 */
export function classifyRequest(client: Client, root: JsonNode): Client {
  if (client.class !== null) return client;
  const side = client.app === 'cli' && (!hasClientTools(root) || root.get('output_config')?.get('format') != null);
  return { ...client, class: side ? 'auxiliary' : 'main' };
}

/** Tools that run at the client have no type, or the type `custom`; typed ones run inside Claude. */
function hasClientTools(root: JsonNode): boolean {
  for (const tool of root.get('tools')?.items() ?? []) {
    const type = tool.get('type')?.string() ?? 'custom';
    if (type === 'custom' || /^(bash|text_editor|computer|memory)_/.test(type)) return true;
  }
  return false;
}
