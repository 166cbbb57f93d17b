/**
 * apt with a configuration of our own: the machine's sources of this release, and backports where asked for,
 * in temporary files. Nothing below /etc/apt and no list of the machine is changed, and it works without
 * being root as far as downloading goes.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDeb822, ofRelease, parseDeb822, parseOneLine, withBackports } from './apt-sources.mjs';
import { SetupError } from './errors.mjs';

const NETWORK = /Could not resolve|Temporary failure|Could not connect|Connection (failed|refused|timed)|unreachable/i;

/** Whether this is a machine with apt. */
export function hasApt() {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
}

export class Apt {
  /** Commands that need root are run with this prefix: [] as root, ['sudo', '-n'] or ['sudo']. */
  privilege = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'veilgan-apt-'));
    // apt's downloads run as a user of their own, who must be able to get through to the lists.
    chmodSync(this.folder, 0o755);
    for (const name of ['sources', 'lists', 'lists/partial', 'archives', 'archives/partial']) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    this.config = join(this.folder, 'apt.conf');
    const { codename, stanzas } = ofRelease(machineSources(), releaseNames());
    if (stanzas.length === 0) {
      throw new SetupError(`apt has no source of the release (${codename || 'of no name'}) in /etc/apt; add one`);
    }
    this.codename = codename;
    this.stanzas = stanzas;
    this.target = [];
    writeFileSync(this.config, this.#settings());
    this.#writeSources(stanzas);
  }

  /** Removes the temporary files; lists fetched as root belong to root, so the removal does too. */
  close() {
    try {
      rmSync(this.folder, { recursive: true, force: true });
    } catch {
      if (this.privilege.length > 0) this.#privileged(['rm', '-rf', this.folder]);
    }
  }

  /** Adds `<codename>-backports` and prefers it; says whether there is anywhere to take it from. */
  addBackports() {
    const stanzas = withBackports(this.stanzas, this.codename);
    const suite = `${this.codename}-backports`;
    if (!stanzas.some((s) => s.get('suites').split(' ').includes(suite))) return false;
    this.#writeSources(stanzas);
    this.target = ['-t', suite];
    return true;
  }

  /** Reads the package indices. Throws a SetupError when nothing could be read. */
  update() {
    const { output } = this.#run('apt-get', ['update', '-q']);
    this.lastUpdate = output;
  }

  /** The version apt would install, or null. */
  candidate(name) {
    const { output } = this.#run('apt-cache', [...this.target, 'policy', name]);
    const version = /^\s*Candidate:\s*(\S+)/m.exec(output)?.[1];
    return version && version !== '(none)' ? version : null;
  }

  /** Why a package has no candidate, as a line for people. */
  missing(name) {
    if (NETWORK.test(this.lastUpdate ?? '')) {
      return new SetupError(`no package mirror answers (${firstError(this.lastUpdate)}); connect to the network`);
    }
    const reason = firstError(this.lastUpdate ?? '');
    return new SetupError(`apt knows no package ${name} in ${this.codename}${reason ? ` (${reason})` : ''}`);
  }

  /**
   * Installs for the whole machine; refuses to remove anything. Where it fails apt's last lines go to stderr.
   * @returns {boolean} whether it is installed
   */
  install(names) {
    const options = ['-y', '-q', '--no-install-recommends', '--no-remove', ...this.target];
    const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get', '-c', this.config, 'install'];
    const { status, output } = this.#privileged([...apt, ...options, ...names]);
    if (status !== 0) console.error(output.trim().split('\n').slice(-12).join('\n'));
    return status === 0;
  }

  /** Puts the packages and all they need and the machine lacks below `folder`. Returns the names unpacked. */
  unpack(names, folder) {
    const plan = this.#run('apt-get', ['install', '-s', '-q', '--no-install-recommends', ...this.target, ...names]);
    if (plan.status !== 0) throw new SetupError(`apt cannot plan the installation: ${firstError(plan.output)}`);
    const packages = [...plan.output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)]
      .map(([, name, version]) => ({ name, version }))
      // A second C library beside the running one would break the process that loads it.
      .filter(({ name }) => !/^(libc6|libc-bin)(:|$)/.test(name));
    const archives = join(this.folder, 'archives');
    const wanted = packages.map(({ name, version }) => `${name}=${version}`);
    if (wanted.length === 0) return [];
    const download = this.#run('apt-get', ['download', '-q', ...wanted], archives);
    if (download.status !== 0) throw new SetupError(`apt cannot download the packages: ${firstError(download.output)}`);
    for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      const { status, stderr } = spawnSync('dpkg-deb', ['-x', join(archives, file), folder], { encoding: 'utf8' });
      if (status !== 0) throw new SetupError(`${file} cannot be unpacked: ${stderr.trim()}`);
    }
    return packages.map(({ name }) => name);
  }

  #run(command, args, cwd = this.folder) {
    const env = { ...process.env, LC_ALL: 'C', LANGUAGE: '' };
    const child = spawnSync(command, ['-c', this.config, ...args], { encoding: 'utf8', env, cwd, maxBuffer: 1 << 28 });
    if (child.error) throw new SetupError(`${command} cannot be run: ${child.error.message}`);
    return { status: child.status, output: `${child.stdout}${child.stderr}` };
  }

  #privileged(command) {
    const [name, ...args] = [...this.privilege, ...command];
    const child = spawnSync(name, args, { stdio: ['inherit', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 28 });
    return { status: child.error ? 127 : child.status, output: `${child.stdout ?? ''}${child.stderr ?? ''}` };
  }

  #writeSources(stanzas) {
    // Addresses may carry a password.
    writeFileSync(join(this.folder, 'sources', 'veilgan.sources'), formatDeb822(stanzas), { mode: 0o600 });
  }

  #settings() {
    return [
      'Dir::Etc::SourceList "/dev/null";',
      `Dir::Etc::SourceParts "${join(this.folder, 'sources')}";`,
      `Dir::State::Lists "${join(this.folder, 'lists')}";`,
      `Dir::Cache::Archives "${join(this.folder, 'archives')}";`,
      'Dir::Cache::pkgcache "";',
      'Dir::Cache::srcpkgcache "";',
      'Acquire::Languages "none";',
      'Acquire::Retries "1";',
      'Acquire::http::Timeout "30";',
      'Acquire::https::Timeout "30";',
      'DPkg::Lock::Timeout "300";',
      'Dpkg::Use-Pty "0";',
      // Hooks that keep other programs' caches in step with the machine's own lists, which stay as they are.
      '#clear APT::Update::Pre-Invoke;',
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      '',
    ].join('\n');
  }
}

/** The stanzas of every source the machine has, at the places apt itself says it reads. */
function machineSources() {
  const variables = ['LIST', 'Dir::Etc::sourcelist/f', 'PARTS', 'Dir::Etc::sourceparts/d'];
  const said = spawnSync('apt-config', ['shell', ...variables], { encoding: 'utf8' }).stdout ?? '';
  const place = (name, usual) => new RegExp(`^${name}='(.*)'$`, 'm').exec(said)?.[1] ?? usual;
  const parts = place('PARTS', '/etc/apt/sources.list.d/');
  const files = [place('LIST', '/etc/apt/sources.list'), ...list(parts).map((name) => join(parts, name))];
  return files.flatMap((file) => {
    if (file.endsWith('.sources')) return parseDeb822(read(file));
    return file.endsWith('.list') ? parseOneLine(read(file)) : [];
  });
}

/** Code names of the release, a derivative's own first. */
function releaseNames() {
  const text = read('/etc/os-release') || read('/usr/lib/os-release');
  const value = (key) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
  const names = ['VERSION_CODENAME', 'UBUNTU_CODENAME', 'DEBIAN_CODENAME'].map(value).filter(Boolean);
  return [...new Set([...names, 'sid', 'unstable', 'testing', 'stable'])];
}

/** The first complaint of apt, without its letter. */
function firstError(output) {
  const line = output.split('\n').find((text) => /^[EW]: /.test(text)) ?? '';
  return line.slice(3).replace(/\s+/g, ' ').trim();
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
