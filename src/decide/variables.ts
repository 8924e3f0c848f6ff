/** Variables that make a shell, a loader or an interpreter run something else than what is written. */
export const loaderVariables: ReadonlySet<string> = new Set([
  ...['BASH_ENV', 'LD_PRELOAD', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'PROMPT_COMMAND', 'PS4', 'PERL5OPT', 'PERL5DB'],
  ...['PS0', 'PS1', 'PS2', 'RUBYOPT', 'TAR_OPTIONS', 'GCONV_PATH', 'SHELLOPTS', 'BASHOPTS', 'ZDOTDIR'],
]);

/** Variables whose value is a command that some program runs. */
export const commandVariables: ReadonlySet<string> = new Set([
  ...['PAGER', 'MANPAGER', 'GIT_PAGER', 'EDITOR', 'VISUAL', 'GIT_EDITOR', 'GIT_SEQUENCE_EDITOR', 'GIT_SSH', 'FCEDIT'],
  ...['GIT_SSH_COMMAND', 'GIT_EXTERNAL_DIFF', 'GIT_ASKPASS', 'SSH_ASKPASS', 'SUDO_ASKPASS', 'GIT_PROXY_COMMAND'],
  ...['BROWSER', 'LESSOPEN', 'LESSCLOSE', 'RSYNC_RSH', 'CVS_RSH'],
]);

/** Options of a program in a variable, where they hold a program themselves. */
export function hidesCommand(name: string, value: string): boolean {
  if (name === 'NODE_OPTIONS') return value.includes('data:');
  return (name === 'MAKEFLAGS' || name === 'GNUMAKEFLAGS') && /eval|\$/.test(value);
}
