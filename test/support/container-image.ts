import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** An image that was built without a registry, unpacked, with what it says of itself. */
export interface ContainerImage {
  readonly user: string;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  /**
   * Starts a program in it as a container runtime would: as its user, with its environment, a read-only root, an empty
   * `/tmp` and a folder for `/data`. The network and the list of processes are the machine's.
   */
  start(command: readonly string[], env: Readonly<Record<string, string>>): ChildProcess;
  close(): void;
}

const config = z.object({
  OCIv1: z.object({
    config: z.object({
      User: z.string(),
      Env: z.array(z.string()),
      Entrypoint: z.array(z.string()),
      Cmd: z.array(z.string()),
    }),
  }),
  Docker: z.object({ config: z.object({ Healthcheck: z.object({ Test: z.array(z.string()) }) }) }),
});

/**
 * Builds a stage of a Dockerfile on a root file system that is made of this machine's own node, shell and libraries.
 * Nothing is fetched; so it proves the stage and what is copied into it, and nothing of the base image it names.
 *
 * @param stage its instructions behind `FROM`, whose `COPY` take what `context` holds.
 * @param context a folder to copy from; `base` is made in it.
 */
export function buildImage(buildah: string, stage: string, context: string): ContainerImage {
  const folder = mkdtempSync(join(tmpdir(), 'ka-image-'));
  const run = (...args: string[]): string =>
    execFileSync(
      buildah,
      [
        ...['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'],
        ...args,
      ],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, BUILDAH_ISOLATION: 'chroot' },
      },
    ).trim();

  makeBase(join(context, 'base'), addonsIn(context));
  const file = join(folder, 'Containerfile');
  writeFileSync(file, `FROM scratch\nCOPY base /\n${stage}`);
  // Docker's own format: the other has no health check
  run('build', '--format', 'docker', '--layers=false', '--tag', 'image', '--file', file, context);
  const told = config.parse(JSON.parse(run('inspect', '--type', 'image', 'image')));
  const { User, Env, Entrypoint, Cmd } = told.OCIv1.config;
  const container = run('from', 'image');
  const root = run('mount', container);
  const data = join(folder, 'data');
  mkdirSync(data);
  execFileSync('chown', ['1000:1000', data]);
  return {
    user: User,
    command: [...Entrypoint, ...Cmd],
    healthCheck: told.Docker.config.Healthcheck.Test.slice(1),
    start: (command, env) =>
      spawn('unshare', ['--mount', 'sh', '-euc', ENTER, 'sh', root, data, ...command], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...Object.fromEntries(Env.map(pair)), ...env },
      }),
    close() {
      run('umount', container);
      run('rm', container);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const pair = (text: string): [string, string] => {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** Everything is mounted for this process alone, and goes with it. */
const ENTER = `
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
root=$1; data=$2; shift 2
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot --userspec=1000:1000 --groups= "$root" "$@"
`;

/** Native parts of the packages, which want libraries of the system. */
const addonsIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.node'))
    .map((name) => join(folder, name));

/** What a base image has that the program and the Dockerfile need: node, a shell, `install`, their libraries, names. */
function makeBase(base: string, addons: readonly string[]): void {
  const take = (from: string, to = from): void => {
    mkdirSync(dirname(base + to), { recursive: true });
    cpSync(realpathSync(from), base + to);
  };
  const programs = [process.execPath, '/bin/sh', '/usr/bin/install'];
  // libraries that come with an addon lie beside it
  const libraries = execFileSync('ldd', [...programs, ...addons], { encoding: 'utf8' }).matchAll(
    /(?<=\s)(\/(?:usr\/)?lib(?:64)?\/\S+\.so\S*)/g,
  );
  for (const [, path = ''] of libraries) take(path);
  take(process.execPath, '/usr/local/bin/node');
  for (const path of programs.slice(1)) take(path);
  for (const name of ['etc', 'proc', 'dev', 'tmp']) mkdirSync(join(base, name), { recursive: true });
  chmodSync(join(base, 'tmp'), 0o1777);
  writeFileSync(join(base, 'etc', 'passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n');
  writeFileSync(join(base, 'etc', 'group'), 'root:x:0:\nnode:x:1000:\n');
}
