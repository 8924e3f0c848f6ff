import { z } from 'zod';
import type { Context } from './context.ts';
import { always, certificate, fault, label, publicFile, serviceUrl } from './fields.ts';
import { secretFrom } from './secret.ts';

const mount = (name: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/, { message: 'not a mount path' })
    .default(name)
    .describe('Mount of the auth method.');

const vault = (context: Context) => {
  const secret = secretFrom(context);
  return z
    .strictObject({
      address: serviceUrl.describe('URL of Vault or OpenBao.'),
      namespace: z.string().min(1).optional().describe('Vault namespace.'),
      ca_file: publicFile(context, certificate)
        .optional()
        .describe('PEM file with the certificate authority of Vault.'),
      auth: z
        .discriminatedUnion('method', [
          z.strictObject({
            method: z.literal('approle'),
            mount: mount('approle'),
            role_id: secret.describe('AppRole role id.'),
            secret_id: secret.describe('AppRole secret id.'),
          }),
          z.strictObject({
            method: z.literal('jwt'),
            mount: mount('jwt'),
            role: z.string().min(1).describe('Role of the JWT auth method.'),
            jwt: secret.describe('The JWT to log in with.'),
          }),
          z.strictObject({ method: z.literal('token'), token: secret.describe('A Vault token.') }),
        ])
        .describe('How the gateway logs in: approle, jwt or token.'),
    })
    .describe('The Vault that leases Claude credentials.');
};

const claudeId = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[A-Za-z0-9]+$`), { message: `not an id that starts with ${prefix}_` });

const workspace = z.string().min(1).optional().describe('Claude workspace id.');

const role = (context: Context) =>
  z.discriminatedUnion('source', [
    z.strictObject({
      source: z.literal('vault_oidc'),
      oidc_role: z.string().min(1).describe('Role of Vault’s identity OIDC provider that signs the JWT.'),
      federation_rule: claudeId('fdrl').describe('Claude federation rule that trusts that JWT.'),
      organization: z.uuid().describe('Claude organisation id.'),
      service_account: claudeId('svac').describe('Claude service account the bearer acts as.'),
      workspace,
      token_url: serviceUrl.optional().describe('Token endpoint; absent: `upstream.url` and /v1/oauth/token.'),
    }),
    z.strictObject({
      source: z.literal('static'),
      secret: secretFrom(context).describe('The Claude credential itself.'),
      scheme: z.enum(['x-api-key', 'bearer']).describe('The header it is sent in.'),
      organization: z.uuid().optional().describe('Claude organisation id.'),
      workspace,
    }),
  ]);

/** Where Claude credentials come from; policy names the role, the caller never does. */
export const credential = (context: Context) =>
  z
    .strictObject({
      default_role: label.default('default').describe('Role used where policy names none.'),
      vault: vault(context).optional(),
      roles: z.record(label, role(context)).describe('Credential roles by name; policy refers to them.'),
    })
    .superRefine((value, context) => {
      const roles: unknown = value.roles;
      if (typeof roles !== 'object' || roles === null) return;
      const names = Object.keys(roles);
      if (names.length === 0) {
        fault(context, 'there is no role', 'Describe at least the default role.', ['roles']);
      } else if (typeof value.default_role === 'string' && !names.includes(value.default_role)) {
        fault(context, 'there is no role of that name', 'Name one of credential.roles.', ['default_role']);
      }
      const needsVault = Object.values(roles).some((entry) => entry?.source === 'vault_oidc');
      if (needsVault && value.vault === undefined) {
        fault(context, 'missing, though a role has the source vault_oidc', 'Give its address and auth.', ['vault']);
      }
    }, always);
