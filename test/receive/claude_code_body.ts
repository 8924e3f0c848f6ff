/** The second request of a Claude Code session, as the measured client shapes it (shortened by hand). */
export const claudeCodeBody = {
  model: 'claude-opus-5-5',
  messages: [
    {
      role: 'system',
      content: [{ type: 'text', text: '# Environment\n - Platform: linux' }],
      output_config: { effort: 'medium' },
    },
    { role: 'user', content: 'List the files' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'They want a listing.', signature: 'EqQBCkYIChgCKkA=' },
        { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va==' },
        { type: 'text', text: 'I will look.', citations: null },
        {
          type: 'tool_use',
          id: 'toolu_01A',
          name: 'Bash',
          input: { command: 'ls -la', env: { HOME: '/home/a' }, limits: [1.0, 'two'] },
          caller: { type: 'direct' },
        },
      ],
    },
    {
      role: 'user',
      content: [
        {
          tool_use_id: 'toolu_01A',
          type: 'tool_result',
          content: [
            { type: 'text', text: 'total 0' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
          ],
          is_error: false,
        },
        { type: 'text', text: '<system-reminder>Be brief.</system-reminder>', cache_control: { type: 'ephemeral' } },
      ],
    },
  ],
  system: [
    { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-ts;' },
    { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral', ttl: '1h' } },
  ],
  tools: [
    {
      name: 'Bash',
      description: 'Runs a command',
      input_schema: {
        type: 'object',
        properties: { command: { type: 'string', description: 'What to run' } },
        required: ['command'],
      },
      defer_loading: true,
    },
  ],
  metadata: { user_id: '{"device_id":"d","account_uuid":"","session_id":"s"}' },
  max_tokens: 128000,
  thinking: { type: 'adaptive', display: 'updates' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  output_config: { effort: 'medium' },
  safeguards: [{ type: 'dangerous_tool_use', classifier_context: { cwd: '/work/app' } }],
  stream: true,
};
