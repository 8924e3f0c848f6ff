import type { Json, JsonObject } from '../model/json.ts';
import type { Fact } from './models.ts';

/** What policy saw, as far as it helps a person to judge: commands, paths, hosts, what was found in the text. */
export function factsOf(projection: JsonObject): readonly Fact[] {
  const input = asObject(projection.input);
  const request = asObject(projection.request);
  const detections = asObject(projection.detections);
  const found = Object.entries(asObject(detections.all ?? detections))
    .filter(([, count]) => typeof count === 'number' && count > 0)
    .map(([name, count]) => `${count} × ${name}`);
  const opaque = input.opaque === true ? ['some of what would run cannot be known'] : [];
  const facts: Fact[] = [
    { name: 'commands', values: list(input.commands).map((argv) => list(argv).map(quoted).join(' ')), code: true },
    { name: 'not readable', values: opaque, code: false },
    { name: 'paths', values: list(input.paths).map(pathShown), code: true },
    { name: 'hosts', values: list(input.hosts).map(String), code: true },
    { name: 'tools', values: list(request.tools).map(String), code: false },
    {
      name: 'runs at Claude',
      values: list(request.server_tools).map((tool) => String(asObject(tool).type)),
      code: true,
    },
    { name: 'fetches from', values: list(request.url_sources).map(String), code: true },
    { name: 'found in it', values: found, code: false },
  ];
  return facts.filter(({ values }) => values.length > 0).map(joined);
}

/** A long list of short words is one line. */
function joined(fact: Fact): Fact {
  return fact.name === 'tools' ? { ...fact, values: [fact.values.join(', ')] } : fact;
}

function pathShown(entry: Json): string {
  const { path, write, absolute, traversal } = asObject(entry);
  const marks = [write && 'write', absolute && 'absolute', traversal && 'climbs out'].filter(Boolean);
  return `${path}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`;
}

/** An argument so that it can be told apart from its neighbours. */
function quoted(argument: Json): string {
  const text = String(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text);
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
