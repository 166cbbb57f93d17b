/** Choosing an adapter, with made-up ones. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { VeilganError } from '../../src/base/errors.ts';
import { openDevice, reportAdapter } from '../../src/gpu/device.ts';
import { codeOf } from '../support/values.ts';

interface Fake {
  info?: Partial<GPUAdapterInfo>;
  features?: string[];
}

const limits = {
  maxStorageBufferBindingSize: 134217728,
  maxBufferSize: 268435456,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeWorkgroupsPerDimension: 65535,
};

/** A navigator.gpu whose adapters are told by `choose`, which sees the options; it notes what devices are asked for. */
function fake(choose: (options: GPURequestAdapterOptions) => Fake | null) {
  const asked: GPUDeviceDescriptor[] = [];
  const root = {
    requestAdapter: async (options: GPURequestAdapterOptions = {}) => {
      const found = choose(options);
      if (!found) return null;
      const info = {
        vendor: '',
        architecture: '',
        device: '',
        description: '',
        isFallbackAdapter: false,
        ...found.info,
      };
      const features = new Set(found.features ?? []);
      const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
        asked.push(descriptor);
        return { features: new Set(descriptor.requiredFeatures), limits: { ...limits, ...descriptor.requiredLimits } };
      };
      return { info, features, limits, requestDevice };
    },
  } as unknown as GPU;
  return { root, asked };
}

const hardware: Fake = {
  info: { vendor: 'nvidia', device: 'H200' },
  features: ['subgroups', 'timestamp-query', 'f16'],
};
const software: Fake = { info: { vendor: 'mesa', description: 'llvmpipe (LLVM 15)' } };

test('no WebGPU, no adapter, or one that throws: NO_ADAPTER with what to do', async () => {
  const cases = [
    undefined,
    {},
    fake(() => null).root,
    fake(() => {
      throw new Error('driver');
    }).root,
  ];
  for (const root of cases) {
    const error = (await openDevice(root as GPU).catch((e: unknown) => e)) as VeilganError;
    assert.is(error.code, 'NO_ADAPTER');
    assert.match(error.fix, /npm run setup/);
  }
});

test('the kind that was asked for, or WRONG_ADAPTER', async () => {
  const both = fake(({ forceFallbackAdapter }) => (forceFallbackAdapter ? software : hardware)).root;
  assert.is((await openDevice(both, { adapter: 'software' })).report.software, true);
  assert.is((await openDevice(both, { adapter: 'hardware' })).report.software, false);
  // Vulkan drivers in software are not always marked as fallbacks.
  const unmarked = fake(({ forceFallbackAdapter }) => (forceFallbackAdapter ? null : software)).root;
  assert.is((await openDevice(unmarked, { adapter: 'software' })).report.software, true);
  assert.is(await codeOf(() => openDevice(unmarked, { adapter: 'hardware' })), 'WRONG_ADAPTER');
  const one = fake(() => hardware).root;
  assert.is(await codeOf(() => openDevice(one, { adapter: 'software' })), 'WRONG_ADAPTER');
});

test('the null adapter is refused, and nothing that only sounds like it', async () => {
  for (const name of ['Null backend', 'Dawn Null Backend']) {
    assert.is(await codeOf(() => openDevice(fake(() => ({ info: { device: name } })).root)), 'WRONG_ADAPTER', name);
  }
  assert.is(
    await codeOf(() => openDevice(fake(() => ({ info: { vendor: 'nullsoft', device: 'x' } })).root)),
    'no error',
  );
});

test('the device has the features the engine can use and the real limits', async () => {
  const { root, asked } = fake(() => hardware);
  await openDevice(root);
  assert.equal(asked[0].requiredFeatures, ['subgroups', 'timestamp-query']);
  assert.is(asked[0].requiredLimits?.maxStorageBufferBindingSize, limits.maxStorageBufferBindingSize);
  const plain = fake(() => software);
  await openDevice(plain.root);
  assert.equal(plain.asked[0].requiredFeatures, []);
});

test('the report names the adapter, whatever it tells of itself', async () => {
  const name = async (info: Partial<GPUAdapterInfo>) => {
    const adapter = await fake(() => ({ info })).root.requestAdapter();
    return reportAdapter(adapter as GPUAdapter).name;
  };
  assert.is(await name({ device: 'a', description: 'b' }), 'a b');
  assert.is(await name({ architecture: 'ampere' }), 'ampere');
  assert.is(await name({ vendor: 'nvidia' }), 'nvidia');
  assert.is(await name({}), 'unnamed adapter');
});

test.run();
