/** Gets a software Vulkan driver (Mesa's lavapipe) onto a Linux machine with apt, with or without being root. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Apt } from './apt.mjs';
import { SetupError } from './errors.mjs';
import { vulkanFolder, vulkanRecord } from './vulkan.mjs';

const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];
/** Dawn refuses older drivers: "shaderUniform*ArrayDynamicIndexing required" with Mesa 22.3. */
const MESA_AT_LEAST = 23;

/**
 * How commands that need root can be run: [] as root, a sudo prefix, or null. Without a terminal nobody can
 * type a password, so there only a sudo that asks for none counts.
 */
export function privilege() {
  if (process.getuid?.() === 0) return [];
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  const sudo = spawnSync('sudo', ['--version'], { stdio: 'ignore' }).status === 0;
  return sudo && process.stdin.isTTY ? ['sudo'] : null;
}

/**
 * Installs the driver for the whole machine, or unpacks it into the user's cache folder where that is not
 * allowed, fails, or is not wanted (`userOnly`). Says what it does through `say`. Throws SetupError.
 */
export function installDriver({ userOnly, say }) {
  const apt = new Apt();
  try {
    say(`reading the package lists of ${apt.codename}`);
    const version = chooseSuite(apt, say);
    const prefix = userOnly ? null : privilege();
    if (prefix) {
      const how = prefix.length > 0 ? ' for the whole machine, with sudo' : '';
      say(`installing ${PACKAGES.join(' and ')}, Mesa ${version}${how}; this can take a minute`);
      apt.privilege = prefix;
      if (apt.install(PACKAGES)) return;
      say('apt did not install them; trying without the rights to');
    }
    say(`unpacking Mesa ${version} into ${vulkanFolder()}`);
    unpack(apt);
  } finally {
    apt.close();
  }
}

/** Makes apt offer a Mesa that Dawn accepts and returns its version. */
function chooseSuite(apt, say) {
  apt.update();
  const version = mesa(apt);
  if (major(version) >= MESA_AT_LEAST) return version;
  say(`${apt.codename} itself has Mesa ${version}, which Dawn refuses; reading ${apt.codename}-backports`);
  if (!apt.addBackports()) throw new SetupError(`no mirror to take ${apt.codename}-backports from in apt's sources`);
  apt.update();
  const newer = mesa(apt);
  if (major(newer) >= MESA_AT_LEAST) return newer;
  throw new SetupError(`the mirror offers no Mesa ${MESA_AT_LEAST} or later for ${apt.codename}, only ${newer}`);
}

function mesa(apt) {
  const version = apt.candidate(PACKAGES[0]);
  if (!version) throw apt.missing(PACKAGES[0]);
  return version;
}

function major(version) {
  return Number(/^(?:\d+:)?(\d+)/.exec(version)?.[1] ?? 0);
}

/** Unpacks beside the final folder and renames, so that a stopped run leaves nothing half-made to be used. */
function unpack(apt) {
  const final = vulkanFolder();
  const draft = `${final}.new-${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    if (apt.unpack(PACKAGES, draft).length === 0) {
      throw new SetupError('the driver is installed already, but Dawn does not get on with it');
    }
    const files = readdirSync(draft, { recursive: true }).map(String);
    const driver = files.find((file) => /(^|\/)libvulkan_lvp\.so$/.test(file));
    if (!driver) throw new SetupError('the packages hold no libvulkan_lvp.so (was only a part of them missing?)');
    const libraries = new Set(
      files.filter((file) => /\.so(\.\d+)*$/.test(file)).map((file) => join(final, dirname(file))),
    );
    const manifest = { file_format_version: '1.0.0', ICD: { library_path: join(final, driver), api_version: '1.3.0' } };
    writeFileSync(join(draft, 'lavapipe.json'), JSON.stringify(manifest));
    const record = { libraries: [...libraries], drivers: [join(final, 'lavapipe.json')] };
    writeFileSync(join(draft, 'driver.json'), JSON.stringify(record));
    removeUnpacked();
    renameSync(draft, final);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Forgets the unpacked driver. */
export function removeUnpacked() {
  rmSync(vulkanRecord(), { force: true });
  rmSync(vulkanFolder(), { recursive: true, force: true });
}
