import type { Body, JsonNode } from '../model/body.ts';
import { hostOf } from './hosts.ts';

/** What the content of a request refers to or carries that no detector reads. */
export interface ContentFacts {
  /** Hosts of URL sources, each once; a source whose URL has no host is `(none)`. */
  readonly urlSources: readonly string[];
  readonly fileIds: readonly string[];
  readonly images: number;
  readonly documents: number;
  readonly opaqueBytes: number;
  /** Definitions of tools that stand in messages (`tool_addition`), which offer them as `tools` does. */
  readonly addedTools: readonly JsonNode[];
}

/** Reads the blocks of a request beyond text, thinking, calls and results, at every depth, and its container. */
export function contentFacts(body: Pick<Body, 'root' | 'blocks'> | null): ContentFacts {
  const reader = new ContentReader();
  for (const block of body?.blocks ?? []) {
    if (!unread.has(block.get('type')?.string() ?? '')) reader.object(block, false);
  }
  // A container may be given files to work with.
  const container = body?.root.get('container');
  if (container?.type === 'object') reader.object(container, false);
  const { counts, addedTools } = reader;
  return { ...counts, addedTools, urlSources: [...reader.hosts].sort(), fileIds: [...reader.files].sort() };
}

/** Blocks that refer to nothing, whoever claims them. */
const unread: ReadonlySet<string> = new Set(['thinking', 'redacted_thinking']);

class ContentReader {
  readonly hosts = new Set<string>();
  readonly files = new Set<string>();
  readonly addedTools: JsonNode[] = [];
  readonly counts = { images: 0, documents: 0, opaqueBytes: 0 };

  object(node: JsonNode, isSource: boolean): void {
    const type = node.get('type')?.string() ?? null;
    const isCall = type?.endsWith('tool_use') ?? false;
    if (type === 'image') this.counts.images += 1;
    else if (type === 'document') this.counts.documents += 1;
    else if (type === 'tool_definition') this.addedTools.push(node.get('definition') ?? node);
    for (const [key, value] of node.entries()) {
      if (value.type === 'string') {
        if (key === 'file_id') this.files.add(value.string()!);
        else if (isSource && key === 'url') this.hosts.add(hostOf(value.string()!) ?? '(none)');
        // Text given as a source is read like any other.
        else if (isSource && key === 'data' && type !== 'text') this.counts.opaqueBytes += value.end - value.start - 2;
      } else if (value.type === 'object') {
        if (key !== 'input' || !isCall) this.object(value, key === 'source');
      } else if (value.type === 'array') {
        for (const entry of value.items()) if (entry.type === 'object') this.object(entry, false);
      }
    }
  }
}
