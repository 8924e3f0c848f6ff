import type { JsonNode } from '../model/body.ts';
import { hostOf } from './hosts.ts';

/** What the content of a request refers to or carries that no detector reads. */
export interface ContentFacts {
  /** Hosts of URL sources, each once; a source whose URL has no host is `(none)`. */
  readonly urlSources: readonly string[];
  readonly fileIds: readonly string[];
  readonly images: number;
  readonly documents: number;
  readonly opaqueBytes: number;
}

/**
 * Reads the content blocks of `system` and `messages`, at every depth but inside the input of a tool call, where the
 * same members mean nothing to Claude. The cost follows the number of blocks, not their size.
 */
export function contentFacts(root: JsonNode | null): ContentFacts {
  const reader = new ContentReader();
  if (root !== null) {
    reader.blocks(root.get('system'));
    for (const message of root.get('messages')?.items() ?? []) reader.blocks(message.get('content'));
    // A container may be given files to work with.
    const container = root.get('container');
    if (container?.type === 'object') reader.object(container, false);
  }
  return { ...reader.counts, urlSources: [...reader.hosts].sort(), fileIds: [...reader.files].sort() };
}

/** Blocks that refer to nothing: most of a conversation, so they are passed over at the price of one look. */
const plain = ['text', 'tool_use', 'thinking', 'server_tool_use', 'mcp_tool_use', 'redacted_thinking'] as const;

class ContentReader {
  readonly hosts = new Set<string>();
  readonly files = new Set<string>();
  readonly counts = { images: 0, documents: 0, opaqueBytes: 0 };

  blocks(content: JsonNode | null): void {
    if (content === null || content.type === 'string') return;
    for (const block of content.items()) {
      const type = block.get('type');
      if (type !== null && plain.some((name) => type.says(name))) continue;
      if (type?.says('tool_result')) this.blocks(block.get('content'));
      else if (block.type === 'object') this.object(block, false);
    }
  }

  object(node: JsonNode, isSource: boolean): void {
    const type = node.get('type')?.string() ?? null;
    const isCall = type?.endsWith('tool_use') ?? false;
    if (type === 'image') this.counts.images += 1;
    else if (type === 'document') this.counts.documents += 1;
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
