#!/usr/bin/env node
import { createProgram } from './cli/program.ts';

// Whoever reads may stop reading (`| head`): that ends a command, and is no fault of it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`The output cannot be written: ${error.message}\n`);
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

await createProgram().parseAsync(process.argv);
