/** The Node entry, and the only file that imports the `webgpu` package. */
// Here too: a bundler may skip index.ts when only open() is used, and the methods on tensors with it.
import '../ops/install.ts';
import { Gpu, type OpenOptions } from '../gpu/index.ts';

export * from './index.ts';

// Held for the life of the process: Node aborts when Dawn's object is collected.
let root: GPU | null = null;

/** Dawn's `navigator.gpu`, made once. `globalThis.navigator` is left alone. */
export async function dawn(): Promise<GPU> {
  if (!root) {
    const { create, globals } = await import('webgpu');
    for (const [name, value] of Object.entries(globals)) {
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    root = create([]);
  }
  return root;
}

/**
 * Opens the engine on this machine, or on a device of Dawn's that the caller has made already.
 * @param options.device to compute on; `close` leaves it alone (see `Gpu.from`)
 * @throws VeilganError NO_ADAPTER or WRONG_ADAPTER, with what to install; DEVICE_LOST for a device that is gone
 */
export async function open(options: OpenOptions | { readonly device: GPUDevice } = {}): Promise<Gpu> {
  if ('device' in options) return Gpu.from(options.device, { polls: true });
  return Gpu.open(await dawn(), { ...options, polls: true });
}
