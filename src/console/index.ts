/** The web console: what waits, what happened, which policy decides, how the gateway is. */
export { createConsole } from './console.ts';
export { createLogin } from './login_room.ts';
export { loginShell } from './shell.ts';
