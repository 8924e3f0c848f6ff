import type { Principal } from '../../src/model/principal.ts';

const human = (name: string, groups: readonly string[]): Principal => ({
  tenant: 'acme',
  issuer: 'https://login.example.test',
  subject: `${name}@example.test`,
  kind: 'human',
  person: `${name}@example.test`,
  owner: null,
  groups,
  function: null,
  actors: [],
  strength: null,
});

/** Who may log in at a stand: one of everything, one who may approve, and the person behind the agents. */
export const people: { readonly [name: string]: Principal } = {
  grace: human('grace', ['operators', 'approvers']),
  alan: human('alan', ['approvers']),
  ada: human('ada', ['operators', 'approvers']),
  mary: human('mary', ['operators']),
  eve: human('eve', []),
};

/** An agent that Ada owns. */
export const agent: Principal = {
  ...human('ada', []),
  issuer: 'https://workloads.example.test',
  subject: 'nightly-cleanup@ci.example.test',
  kind: 'workload',
  person: null,
  owner: 'ada@example.test',
  function: 'nightly-cleanup',
};
