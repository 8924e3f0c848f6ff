/*
 * What is known of programs that run other programs: options that take the next word, options that stand alone, and how
 * many words come before the command. An option that stands in neither list is read both ways.
 */

export interface WrapperOptions {
  readonly valued: ReadonlySet<string>;
  readonly alone: ReadonlySet<string>;
  /** Words before the command that are no options: `timeout 5 cmd`, `chroot / cmd`. */
  readonly leading: number;
  /** Its options take so many forms that every word after them may be the command. */
  readonly any: boolean;
}

function wrapper(valued: string, alone = '', leading = 0, any = false): WrapperOptions {
  return { valued: words(valued), alone: words(alone), leading, any };
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' ').filter((word) => word !== ''));
}

const plain = wrapper('');
const any = wrapper('', '', 0, true);
const packages = wrapper(
  '-p --package -w --workspace --cache --prefix',
  '-y --yes -n --no --no-install -q --quiet --silent --prefer-offline --prefer-online --ignore-existing --bun --verbose',
);

/** Programs that run the rest of their words as a command. */
export const wrappers: ReadonlyMap<string, WrapperOptions> = new Map(
  Object.entries({
    sudo: wrapper(
      '-u -g -h -p -C -T -D -R -r -t -U --user --group --host --prompt --close-from --command-timeout --chdir --chroot --role --type --other-user',
      '-A -b -B -E -e -H -i -k -K -l -n -N -P -S -s -v -V --askpass --background --bell --preserve-env --edit --set-home --login --reset-timestamp --remove-timestamp --list --non-interactive --preserve-groups --stdin --shell --validate --version',
    ),
    doas: wrapper('-u -C -a', '-n -s -L'),
    pkexec: wrapper('--user', '--disable-internal-agent --keep-cwd'),
    env: wrapper('-u -C --unset --chdir', '-i - -0 -v --ignore-environment --null --debug'),
    nice: wrapper('-n --adjustment'),
    ionice: wrapper('-c -n -p -P -u --class --classdata --pid', '-t --ignore'),
    timeout: wrapper('-s -k --signal --kill-after', '-v -f -p --foreground --preserve-status --verbose', 1),
    gtimeout: wrapper('-s -k --signal --kill-after', '-v -f -p --foreground --preserve-status --verbose', 1),
    xargs: wrapper(
      '-I -n -P -L -d -E -s -a --max-args --max-procs --delimiter --arg-file --max-chars --process-slot-var',
      '-0 -r -t -p -x -o -i -l -e --null --no-run-if-empty --verbose --interactive --exit --open-tty --replace --max-lines --eof',
    ),
    stdbuf: wrapper('-i -o -e --input --output --error'),
    chroot: wrapper('--userspec --groups', '--skip-chdir', 1),
    time: wrapper('-f -o --format --output', '-p -a -v -q -V --portability --append --verbose --quiet'),
    exec: wrapper('-a', '-c -l'),
    watch: wrapper(
      '-n --interval -q --equexit',
      '-b -c -d -e -g -p -r -t -w -x --beep --color --errexit --chgexit --exec',
    ),
    flock: wrapper(
      '-w -E --timeout --wait --conflict-exit-code',
      '-s -x -e -u -n -o -F --shared --exclusive --nonblock',
      1,
    ),
    strace: wrapper(
      '-e -o -p -s -u -a -E -I -O -S -P -X -b',
      '-f -ff -c -C -d -i -k -q -r -t -tt -ttt -T -v -V -x -xx -y -yy',
    ),
    ltrace: wrapper('-e -o -p -s -u -a -l -n', '-f -c -C -d -i -r -t -T -S'),
    gosu: wrapper('', '', 1),
    'su-exec': wrapper('', '', 1),
    taskset: wrapper('-p', '-c -a --cpu-list --all-tasks', 1),
    chrt: wrapper('-T -P -D', '-b -f -i -o -r -d -a -v -R', 1),
    faketime: wrapper('-p --exclude-monotonic', '-f -m', 1),
    sshpass: wrapper('-p -f -d -P', '-e -v'),
    caffeinate: wrapper('-t -w', '-d -i -m -s -u'),
    proxychains: wrapper('-f', '-q'),
    proxychains4: wrapper('-f', '-q'),
    'cross-env': plain,
    entr: wrapper('', '-a -c -d -n -p -r -s -z -x'),
    npx: packages,
    pnpx: packages,
    bunx: packages,
    uvx: wrapper(
      '--from --with -p --python --with-requirements --index --index-url --extra-index-url --with-editable',
      '-q --quiet -v --verbose --isolated --no-cache --refresh --offline',
    ),
    ...Object.fromEntries(
      [
        ...[
          'nohup',
          'command',
          'builtin',
          'setsid',
          'unbuffer',
          'busybox',
          'toybox',
          'eatmydata',
          'fakeroot',
          'torsocks',
        ],
        ...[
          'torify',
          'tsocks',
          'catchsegv',
          'chronic',
          'multitime',
          'rlwrap',
          'tini',
          'dumb-init',
          'dbus-launch',
          'ssh-agent',
          'arch',
          'setarch',
        ],
        ...['linux32', 'linux64', 'then', 'do', 'coproc', 'noglob', 'nocorrect'],
        ...['ifne', 'retry', 'wsl', 'shx', 'dotenvx', 'cross-env-shell', 'dbus-run-session', 'mprof'],
      ].map((name) => [name, plain]),
    ),
    ...Object.fromEntries(
      [
        ...['bwrap', 'firejail', 'systemd-run', 'systemd-inhibit', 'unshare', 'nsenter', 'perf', 'valgrind', 'numactl'],
        ...[
          'setpriv',
          'prlimit',
          'xvfb-run',
          'cgexec',
          'start-stop-daemon',
          'daemonize',
          'watchexec',
          'cpulimit',
          'dotenv',
        ],
      ].map((name) => [name, any]),
    ),
  }),
);

export interface Launcher {
  /** Words after which the command stands. */
  readonly words: ReadonlySet<string>;
  /** Words between that and the command. */
  readonly leading: number;
}

/** Programs with a word after which a command stands: `poetry run cmd`, `npm exec cmd`, `direnv exec . cmd`. */
export const launchers: ReadonlyMap<string, Launcher> = new Map(
  Object.entries({
    run: 'poetry pipenv uv pdm rye hatch conda mamba micromamba pipx heroku doppler op infisical',
    exec: 'bundle asdf rbenv pyenv opam stack cabal lerna nx volta rtx',
    'exec x': 'npm mise',
    'exec dlx': 'pnpm yarn',
    'exec 1': 'direnv aws-vault chamber nvm',
    'run 1': 'rustup',
    x: 'bun',
    shell: 'limactl machinectl',
    '-E': 'cmake',
    '-c --command --': 'nix',
    '-e': 'xterm konsole alacritty urxvt x-terminal-emulator xfce4-terminal',
  }).flatMap(([list, names]) =>
    names
      .split(' ')
      .map((name): [string, Launcher] => [name, { words: words(list), leading: list.endsWith(' 1') ? 1 : 0 }]),
  ),
);

/** Programs whose command stands after `--`. */
export const dashed: ReadonlySet<string> = new Set([
  ...['kubectl', 'oc', 'lxc', 'incus', 'multipass', 'dbus-run-session', 'docker-machine', 'gcloud', 'nomad'],
  ...['gnome-terminal', 'terminator', 'cpulimit', 'retry', 'wsl', 'toolbox', 'distrobox', 'apptainer', 'singularity'],
]);

/** Options whose value is a script or a command, by program; a value may follow after `=` or as the next word. */
export const scriptOptions: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    ...{ su: '-c --command --session-command', runuser: '-c --command --session-command', script: '-c --command' },
    ...{ flock: '-c --command', sg: '-c', vagrant: '-c --command', gcloud: '--command', flyctl: '-C --command' },
    ...{
      fly: '-C --command',
      'nix-shell': '--run --command',
      nodemon: '-x --exec',
      npm: '-c --call --script-shell',
      npx: '-c --call',
    },
    ...{
      rsync: '-e --rsh --rsync-path',
      split: '--filter',
      sort: '--compress-program',
      man: '-P --pager -H --html',
      rg: '--pre --hostname-bin',
    },
    ...{
      tar: '-I -F --use-compress-program --to-command --info-script --new-volume-script --rsh-command --rmt-command',
    },
    ...{ scp: '-S', sftp: '-S', wget: '--use-askpass', less: '-P', entr: '-s' },
    ...{
      go: '-exec -toolexec -vettool',
      'watchman-make': '--run',
      git: '--smtp-server --sendmail-cmd --to-cmd --cc-cmd --httpd',
    },
    ...{
      aria2c:
        '--on-download-complete --on-download-start --on-download-stop --on-download-error --on-bt-download-complete',
    },
    ...{ cargo: '-s --shell', delta: '--pager', bat: '--pager', fzf: '--preview --bind', ansible: '-a --args' },
  }).map(([name, list]) => [name, words(list)]),
);

/** Programs of which each operand is a script. */
export const scriptOperands: ReadonlySet<string> = new Set(['hyperfine', 'concurrently', 'pee']);

export interface ContainerOptions {
  readonly alone: ReadonlySet<string>;
  readonly valued: ReadonlySet<string>;
}

/** Options of `docker run` and `docker exec`, and their kin. */
export const containerOptions: ContainerOptions = {
  alone: words(
    '-d -i -t -P -q -T --detach --interactive --tty --rm --init --privileged --read-only --publish-all --no-healthcheck --oom-kill-disable --quiet --sig-proxy --no-deps --service-ports --build --remove-orphans --use-aliases --replace --rmi',
  ),
  valued: words(
    '-e -v -p -w -u -h -m -c -l -a -f --name --network --net --env --env-file --volume --publish --workdir --user --entrypoint --mount --hostname --label --label-file --memory --cpus --cpu-shares --gpus --platform --pull --restart --add-host --cap-add --cap-drop --security-opt --ulimit --tmpfs --device --dns --ipc --pid --userns --uts --log-driver --log-opt --shm-size --stop-signal --stop-timeout --link --volumes-from --expose --ip --mac-address --index --detach-keys --profile --file --project-name --group-add --runtime --cidfile --attach',
  ),
};

/** Options of ssh that take the next word. */
export const sshValued: ReadonlySet<string> = words(
  '-p -i -l -o -F -J -L -R -D -W -b -c -e -m -O -Q -S -w -B -E -I -P',
);
