import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildConsole, generated } from '../../tools/console/build.ts';

describe('what the console serves', () => {
  it('is built from the sources that are here (else run `make console`)', async () => {
    for (const [name, text] of await buildConsole()) {
      expect(readFileSync(join(generated, name), 'utf8') === text, `${name} is out of date`).toBe(true);
    }
  });

  it('weighs 60 KB at most on the wire, script and styles together', () => {
    const wire = (name: string) => gzipSync(readFileSync(join(generated, name))).length;
    expect(wire('console.js') + wire('console.css')).toBeLessThanOrEqual(60_000);
  });

  it('has no place in its script where text could become markup or code', () => {
    const script = readFileSync(join(generated, 'console.js'), 'utf8');
    // Preact itself knows the name of its escape hatch; nothing of ours uses it.
    expect(script).not.toMatch(/outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc/);
    expect(script.match(/dangerouslySetInnerHTML:/g)).toBeNull();
  });
});
