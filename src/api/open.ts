/** Opening the engine in a page or a worker. */
import { type Advice, Gpu, type OpenOptions } from '../gpu/index.ts';

/** What a global scope tells of its WebGPU. */
interface Scope {
  readonly navigator?: { readonly gpu?: GPU; readonly userAgent?: string };
  readonly isSecureContext?: boolean;
}

const FIREFOX = `Firefox has WebGPU from 141 on under Windows and from 145 on under macOS; elsewhere use Firefox Nightly, or set \
dom.webgpu.enabled to true in about:config`;
const SAFARI = 'Update to Safari 26 or later; in older ones switch WebGPU on among the feature flags';
const CHROMIUM = `Update to Chrome or Edge 113 or later (Android: 121), and turn on graphics acceleration in the settings; under \
Linux, start it with --enable-unsafe-webgpu --enable-features=Vulkan`;
const OTHER = 'Use an up-to-date Chrome, Edge, Firefox or Safari';

const browserOf = (agent: string): 'firefox' | 'chromium' | 'safari' | '' =>
  /Firefox\//.test(agent)
    ? 'firefox'
    : /Chrom(e|ium)\//.test(agent)
      ? 'chromium'
      : /AppleWebKit\//.test(agent)
        ? 'safari'
        : '';

/** Why there is no adapter here, as far as a page can tell, and what its visitor or its author can do. */
export function whyNone({ navigator, isSecureContext }: Scope = globalThis): Advice {
  const browser = browserOf(navigator?.userAgent ?? '');
  if (navigator?.gpu) {
    return {
      why: 'the browser has WebGPU, but no GPU that it would use: acceleration is off, the driver too old, or on its blocklist',
      fix: {
        chromium: `Turn on graphics acceleration in the settings and update the driver; chrome://gpu tells what is wrong, and \
chrome://flags/#enable-unsafe-webgpu lifts the blocklist`,
        firefox: `Update the driver; about:support tells what is wrong. ${FIREFOX}`,
        safari: 'Update macOS or iOS',
        '': 'Update the driver and the browser',
      }[browser],
    };
  }
  if (isSecureContext === false) {
    return {
      why: 'browsers keep WebGPU from pages that came over plain http',
      fix: 'Serve the page over https, or from http://localhost',
    };
  }
  if (isSecureContext === undefined) {
    return { why: 'this is no browser', fix: 'Use the open of veilgan/node' };
  }
  return {
    why: 'this browser has no WebGPU, or has it switched off',
    fix: { firefox: FIREFOX, safari: SAFARI, chromium: CHROMIUM, '': OTHER }[browser],
  };
}

/**
 * Opens the engine in a page or a worker: on the GPU that the browser gives, or on a device that the page has already.
 * @param options.device to compute on; `close` leaves it alone (see `Gpu.from`)
 * @throws VeilganError NO_ADAPTER or WRONG_ADAPTER, which say what to do; DEVICE_LOST for a device that is gone
 */
export async function open(options: OpenOptions | { readonly device: GPUDevice } = {}): Promise<Gpu> {
  if ('device' in options) return Gpu.from(options.device);
  return Gpu.open(globalThis.navigator?.gpu, { ...options, advice: whyNone });
}
