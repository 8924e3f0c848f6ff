/** The web console: what waits, what happened, which policy decides, how the gateway is. */
export { createConsole } from './console.ts';
export { createLogin, type Login, type LoginOptions } from './login_room.ts';
export type { ConsoleOptions, PolicyFacts, StatusFacts } from './ports.ts';
export { loginShell } from './shell.ts';
