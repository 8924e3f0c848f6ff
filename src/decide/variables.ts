/** Variables that make a shell, a loader or an interpreter run something else than what is written. */
const loaderVariables: ReadonlySet<string> = new Set([
  ...['BASH_ENV', 'LD_PRELOAD', 'LD_AUDIT', 'DYLD_INSERT_LIBRARIES', 'PROMPT_COMMAND', 'PS4', 'PERL5OPT', 'PERL5DB'],
  ...['PS0', 'PS1', 'PS2', 'RUBYOPT', 'TAR_OPTIONS', 'GCONV_PATH', 'SHELLOPTS', 'BASHOPTS', 'ZDOTDIR'],
]);

/** Variables whose value is a command that some program runs. */
const commandVariables: ReadonlySet<string> = new Set([
  ...['PAGER', 'MANPAGER', 'GIT_PAGER', 'EDITOR', 'VISUAL', 'GIT_EDITOR', 'GIT_SEQUENCE_EDITOR', 'GIT_SSH', 'FCEDIT'],
  ...['GIT_SSH_COMMAND', 'GIT_EXTERNAL_DIFF', 'GIT_ASKPASS', 'SSH_ASKPASS', 'SUDO_ASKPASS', 'GIT_PROXY_COMMAND'],
  ...['BROWSER', 'LESSOPEN', 'LESSCLOSE', 'RSYNC_RSH', 'CVS_RSH', 'CC', 'CXX', 'LD', 'RUSTC', 'RUSTC_WRAPPER'],
  ...['RUSTC_WORKSPACE_WRAPPER', 'CARGO_BUILD_RUSTC_WRAPPER', 'CMAKE_C_COMPILER_LAUNCHER', 'PYTHONBREAKPOINT'],
  ...['GIT_TEMPLATE_DIR', 'SYSTEMD_EDITOR', 'KUBE_EDITOR', 'HGEDITOR', 'SVN_EDITOR', 'PSQL_EDITOR', 'PSQL_PAGER'],
]);

/** Variables of which only some values make programs run others. */
const loadingValues: ReadonlyMap<string, RegExp> = new Map([
  ['NODE_OPTIONS', /data:/],
  ['MAKEFLAGS', /eval|\$/],
  ['GNUMAKEFLAGS', /eval|\$/],
  ['LESS', /\+[^ ]*[!|#]/],
  ['ENV', /\//],
  ['GOFLAGS', /-(exec|toolexec)\b/],
  ['RUSTFLAGS', /linker/],
  // Where anybody may put a program, or what is nearest.
  ['PATH', /^:|::|:$|(^|:)(\.\/?|(\/tmp|\/var\/tmp|\/dev\/shm)(\/[^:]*)?)(:|$)/],
]);

/** Whether a variable of this value makes programs run what is not written here. */
export function loads(name: string, value: string): boolean {
  if (loaderVariables.has(name) || name.startsWith('BASH_FUNC_') || name.startsWith('GIT_CONFIG')) return true;
  return loadingValues.get(name)?.test(value) ?? false;
}

/** Whether the variable holds a command that some program runs. */
export function isCommandVariable(name: string): boolean {
  return (
    commandVariables.has(name) ||
    /^npm_config_(script_shell|shell|git|editor)$/i.test(name) ||
    /^CARGO_TARGET_\w+_(RUNNER|LINKER)$/.test(name)
  );
}

/** Whether the variable sends programs over another host. */
export function isProxy(name: string): boolean {
  return /^(https?|all|ftp|rsync)_proxy$/i.test(name) || name === 'DOCKER_HOST';
}
