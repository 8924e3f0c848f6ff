import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded } from '../../src/console/bounded.ts';
import { gistOf } from '../../src/console/gist.ts';
import { html, jsonBlock } from '../../src/console/html.ts';
import { isOf, placeOf, writtenRules } from '../../src/console/rules.ts';
import { laidOut, parseSpelled } from '../../src/console/spelled.ts';

describe('templates of HTML', () => {
  it('let no text out of an element or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', '/', '=', ' ') }), (text) => {
        const { text: made } = html`<p title="${text}">${text}</p>`;
        const [, attribute, element] = /^<p title="([^"]*)">([^<]*)<\/p>$/.exec(made) ?? [];
        const back = (escaped = '') =>
          escaped
            .replaceAll('&lt;', '<')
            .replaceAll('&gt;', '>')
            .replaceAll('&quot;', '"')
            .replaceAll('&#39;', "'")
            .replaceAll('&amp;', '&');
        expect([back(attribute), back(element)]).toEqual([text, text]);
      }),
    );
  });

  it('put templates into templates as they are', () => {
    const items = ['<b>', '&'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>`.text).toBe('<ul><li>&lt;b&gt;</li><li>&amp;</li></ul>');
  });

  it('keep data inside of its block', () => {
    const value = { text: '</script><script>alert(1)</script><!--' };
    const { text } = jsonBlock(value);
    expect(text).not.toContain('<');
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe('JSON as it is spelled', () => {
  it('is laid out without a change to any value', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        expect(JSON.stringify(JSON.parse(laidOut(text)))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    expect(laidOut('{"a":[1.0,1e2,{}],"b":"x,y:{"}')).toBe(
      '{\n  "a": [\n    1.0,\n    1e2,\n    {}\n  ],\n  "b": "x,y:{"\n}',
    );
  });

  it('keeps the spelling of numbers that a double would change', () => {
    expect(parseSpelled('{"id":12345678901234567890,"n":2,"f":1.0}')).toEqual({
      id: '12345678901234567890',
      n: 2,
      f: '1.0',
    });
  });
});

describe('rules of a bundle', () => {
  const source = `package policies.commands.tool_use

# METADATA
# title: Recursive removal by force
deny contains {"id": "recursive-removal", "message": message} if {
	true
}

# METADATA
# title: Another
allow contains {
	"id": "fine",
} if true

mask contains {"detectors": [class], "mode": "redact"} if true

deny contains {"id": id, "message": message} if {
	some class in _judged
	id := concat("-", [class, "command"])
}

# METADATA
# title: Put together
require_approval contains entry if {
	id := concat("-", [class, "command"])
	entry := {"id": id, "message": ""}
}
`;
  const rules = writtenRules(new Map([['commands/tool_use/tool_use.rego', source]]));

  it('are found with the line they are written on', () => {
    expect(rules).toEqual([
      {
        id: 'recursive-removal',
        title: 'Recursive removal by force',
        package: 'commands.tool_use',
        effect: 'deny',
        place: 'commands/tool_use/tool_use.rego:5',
      },
      {
        id: 'fine',
        title: 'Another',
        package: 'commands.tool_use',
        effect: 'allow',
        place: 'commands/tool_use/tool_use.rego:11',
      },
      {
        id: '*-command',
        title: '',
        package: 'commands.tool_use',
        effect: 'deny',
        place: 'commands/tool_use/tool_use.rego:17',
      },
      {
        id: '*-command',
        title: 'Put together',
        package: 'commands.tool_use',
        effect: 'require_approval',
        place: 'commands/tool_use/tool_use.rego:24',
      },
    ]);
  });

  it('are looked up by id, and tests are no rules', () => {
    expect(placeOf(rules, 'fine', 'deny')).toBe('commands/tool_use/tool_use.rego:11');
    expect(placeOf(rules, 'removal-command', 'require_approval')).toBe('commands/tool_use/tool_use.rego:24');
    expect(placeOf(rules, 'removal-command', 'deny')).toBe('commands/tool_use/tool_use.rego:17');
    expect(placeOf(rules, 'nobody-wrote-this', 'deny')).toBeNull();
    expect([isOf({ id: '*-command' }, '-command'), isOf({ id: 'a-*-b' }, 'a-x-b')]).toEqual([false, true]);
    expect(writtenRules(new Map([['a/a_test.rego', source]]))).toEqual([]);
  });
});

describe('what a page shows of content', () => {
  it('is whole where it is small', () => {
    const content = { body: { messages: [{ role: 'user', content: 'hi' }], model: 'm' } };
    expect(bounded(content)).toEqual({ value: content, leftOut: null });
  });

  it('says what it leaves out', () => {
    const messages = Array.from({ length: 20 }, (_, n) => ({ role: 'user', content: `message ${n}` }));
    const { value, leftOut } = bounded({
      body: { messages: [...messages, { role: 'user', content: 'x'.repeat(30_000) }] },
    });
    expect(leftOut).toBe('9 earlier messages, the ends of long texts');
    const shown = JSON.stringify(value);
    expect(shown).not.toContain('message 8"');
    expect(shown).toContain('message 9"');
    expect(shown.length).toBeLessThan(21_000);
  });

  it('is one line in a list', () => {
    expect(gistOf('tool_call', { tool: 'Bash', input: { description: 'x', command: 'ls\n -la' } })).toBe('ls -la');
    expect(gistOf('tool_call', { tool: 'Other', input: { n: 1 } })).toBe('{"n":1}');
    const messages = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'no' },
      { role: 'user', content: [{ type: 'text', text: 'last' }] },
    ];
    expect(gistOf('request', { body: { messages } })).toBe('last');
  });
});
