/**
 * `npm run setup`: makes sure that Dawn finds an adapter on this machine; `-- --browser` also Chromium.
 * Needs nothing but Node and the `webgpu` package. Exits with 0 only when what was asked for is there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { adapterLine, probeAdapter } from './adapter.mjs';
import { Apt, hasApt } from './apt.mjs';
import { findChromium } from './chromium.mjs';
import { installDriver, privilege, removeUnpacked } from './driver.mjs';
import { SetupError } from './errors.mjs';
import { vulkanEnvironment, vulkanFolder } from './vulkan.mjs';

const HELP = `Usage: npm run setup [-- OPTIONS]

Installs a software Vulkan driver where Dawn finds no WebGPU adapter.

  --browser  also install Chromium, which the tests in a page use
  --user     do not install for the whole machine: unpack the driver into your cache folder
  --help     show this text`;

/** What to run where this script does not install by itself, by the tool a distribution is known by. */
const ELSEWHERE = [
  ['dnf', 'sudo dnf install mesa-vulkan-drivers vulkan-loader'],
  ['pacman', 'sudo pacman -S vulkan-swrast vulkan-icd-loader'],
  ['zypper', 'sudo zypper install libvulkan1 libvulkan_lvp'],
];

const say = (text) => console.error(`setup: ${text}`);

function main(args) {
  if (args.includes('--help')) return console.log(HELP);
  const unknown = args.find((arg) => !['--browser', '--user'].includes(arg));
  if (unknown) throw new SetupError(`there is no option ${unknown}; see npm run setup -- --help`);
  setUpAdapter(args.includes('--user'));
  if (args.includes('--browser')) setUpBrowser();
}

function setUpAdapter(userOnly) {
  const native = probeAdapter();
  if (native.ok) {
    if (existsSync(vulkanFolder())) {
      removeUnpacked();
      say(`the unpacked driver in ${vulkanFolder()} is not needed any more and was removed`);
    }
    return report(native);
  }
  const unpacked = vulkanEnvironment();
  if (unpacked && probeAdapter(unpacked).ok) return report(probeAdapter(unpacked));

  say(`${native.why}.`);
  if (/C library|npm ci/.test(native.why)) throw new SetupError('no driver can help with that');
  if (process.platform === 'darwin') throw new SetupError('macOS has its own driver (Metal); there is none to install');
  if (process.platform === 'win32')
    throw new SetupError('Windows has its own driver (D3D12); update the graphics driver');
  if (process.platform !== 'linux') throw new SetupError(`Dawn has no adapter on ${process.platform}`);
  if (!hasApt()) throw new SetupError(elsewhere());

  installDriver({ userOnly, say });
  const after = probeAdapter();
  if (after.ok) return report(after);
  const environment = vulkanEnvironment();
  const again = environment ? probeAdapter(environment) : after;
  if (!again.ok) throw new SetupError(`the driver is in place, but ${again.why}`);
  report(again);
}

function report({ adapter }) {
  console.log(`setup: adapter ${adapterLine(adapter)}`);
}

function elsewhere() {
  const known = ELSEWHERE.find(([tool]) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0);
  if (known) return `run: ${known[1]}`;
  return "install the Vulkan loader and Mesa's software driver (lavapipe, version 23 or later) with the system's tool";
}

function setUpBrowser() {
  if (!findChromium()) installChromium();
  const path = findChromium();
  const { stdout, status } = spawnSync(path ?? 'chromium', ['--version'], { encoding: 'utf8' });
  if (!path || status !== 0) throw new SetupError('Chromium is installed, but does not start');
  console.log(`setup: browser ${stdout.trim()} (${path})`);
}

function installChromium() {
  const byHand = 'install Chromium or Google Chrome, or set CHROMIUM to the path of one';
  if (process.platform !== 'linux' || !hasApt()) throw new SetupError(`no Chromium found; ${byHand}`);
  const prefix = privilege();
  if (!prefix) throw new SetupError('no Chromium found; run as root: apt-get install chromium, or set CHROMIUM to one');
  const apt = new Apt();
  try {
    say('reading the package lists');
    apt.update();
    const version = apt.candidate('chromium');
    // Ubuntu's package of that name is an empty one that asks for a snap.
    if (!version || /snap/.test(version)) {
      const reason = apt.missing('chromium').message;
      throw new SetupError(version ? `this system has Chromium only as a snap; ${byHand}` : `${reason}; ${byHand}`);
    }
    apt.privilege = prefix;
    say(`installing chromium ${version}${prefix.length > 0 ? ', with sudo' : ''}; this can take minutes`);
    if (!apt.install(['chromium'])) throw new SetupError('apt could not install chromium (see above)');
  } finally {
    apt.close();
  }
}

try {
  main(process.argv.slice(2));
} catch (error) {
  // What the system refuses (a folder that may not be written, a full disk) is the user's to mend, not a fault here.
  if (!(error instanceof SetupError) && typeof error.code !== 'string') throw error;
  say(`failed: ${error.message.replace(/\.?$/, '.')}`);
  process.exitCode = 1;
}
