/** What the benchmark asks and what its upstream answers: the same bytes for every target. */

/** Text events in a streamed answer. */
export const streamedEvents = 400;

/** A Messages request of about 2 KB. */
export function requestBody(stream: boolean): string {
  const sentence = 'Read the report of last night and say which of the jobs failed, and why, in a table. ';
  return JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 1024,
    stream,
    messages: [{ role: 'user', content: sentence.repeat(22) }],
  });
}

const usage = { input_tokens: 480, output_tokens: 240, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
const head = { id: 'msg_01bench', type: 'message', role: 'assistant', model: 'claude-opus-5-5', stop_sequence: null };

/** A whole answer of about 1 KB. */
export function wholeAnswer(): string {
  const text = 'The first job ran out of memory; the second could not reach its database. '.repeat(10);
  return JSON.stringify({ ...head, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage });
}

/** A streamed answer, one text an event, each with its blank line. */
export function streamedAnswer(): string[] {
  const events: object[] = [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ];
  for (let i = 0; i < streamedEvents; i++) {
    events.push({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ` word number ${i},` } });
  }
  events.push(
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 240 } },
    { type: 'message_stop' },
  );
  return events.map((event) => `event: ${'type' in event ? event.type : ''}\ndata: ${JSON.stringify(event)}\n\n`);
}
