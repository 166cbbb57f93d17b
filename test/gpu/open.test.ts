/** What a page is told where it has no WebGPU, and computing on a device that somebody else made. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Gpu, scope, tensor } from '../../src/api/index.ts';
import { dawn } from '../../src/api/node.ts';
import { whyNone } from '../../src/api/open.ts';
import type { VeilganError } from '../../src/base/errors.ts';
import { checkDevice } from '../../src/gpu/device.ts';
import { codeOf } from '../support/values.ts';

const agents = {
  chromium: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  other: 'Lynx/2.9',
};

test('a page over plain http is told so, whatever the browser', () => {
  for (const userAgent of Object.values(agents)) {
    const { why, fix } = whyNone({ navigator: { userAgent }, isSecureContext: false });
    assert.match(why, /plain http/);
    assert.match(fix, /https/);
  }
});

test('each browser without WebGPU has its own remedy', () => {
  const fixOf = (userAgent: string, gpu?: GPU) => whyNone({ navigator: { userAgent, gpu }, isSecureContext: true });
  const expected = {
    chromium: /Chrome or Edge 113.*--enable-unsafe-webgpu/,
    safari: /Safari 26/,
    firefox: /dom\.webgpu\.enabled/,
    other: /Chrome, Edge, Firefox or Safari/,
  };
  for (const [name, agent] of Object.entries(agents)) {
    const { why, fix } = fixOf(agent);
    assert.match(why, /no WebGPU/);
    assert.match(fix, expected[name as keyof typeof agents], name);
  }
});

test('a browser with WebGPU and no GPU for it is told where to look', () => {
  const gpu = {} as GPU;
  const fixOf = (userAgent: string) => whyNone({ navigator: { userAgent, gpu }, isSecureContext: true });
  assert.match(fixOf(agents.chromium).why, /blocklist/);
  assert.match(fixOf(agents.chromium).fix, /chrome:\/\/gpu/);
  assert.match(fixOf(agents.firefox).fix, /about:support/);
  for (const agent of Object.values(agents)) assert.ok(fixOf(agent).fix.length > 10);
});

test('what is no browser is sent to veilgan/node', () => {
  assert.match(whyNone({ navigator: { userAgent: 'Node.js/22' } }).fix, /veilgan\/node/);
  assert.match(whyNone({}).fix, /veilgan\/node/);
});

/** A device with the defaults, and the buffers on it that are not destroyed. */
async function device(): Promise<{ device: GPUDevice; left: Set<GPUBuffer> }> {
  const adapter = (await (await dawn()).requestAdapter()) as GPUAdapter;
  const device = await adapter.requestDevice();
  const left = new Set<GPUBuffer>();
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      left.delete(buffer);
      return destroy();
    };
    left.add(buffer);
    return buffer;
  };
  return { device, left };
}

const own = await device();

test('on a device of the caller: it computes, close frees all of it, and the device goes on', async () => {
  const gpu = await Gpu.from(own.device);
  const x = tensor(gpu, [1, 2, 3]);
  assert.equal(Array.from(await x.square().sum().read()), [14]);
  const program = gpu.capture('test', () => scope(() => x.assign(x.add(1))));
  await gpu.replay([{ program, step: 0 }]).done();
  assert.equal(Array.from(await x.read()), [2, 3, 4]);
  assert.ok(own.left.size > 0);
  gpu.close();
  assert.is(own.left.size, 0);
  assert.is(await codeOf(() => x.read()), 'DEVICE_LOST');
  x.dispose();
  program.dispose();
  const again = await Gpu.from(own.device);
  assert.equal(Array.from(await tensor(again, [3, 4]).square().sum().sqrt().read()), [5]);
  again.close();
  assert.is(own.left.size, 0);
});

test("an error of the caller's own calls fails the engine with a hint, and only until it is closed", async () => {
  const gpu = await Gpu.from(own.device);
  const x = tensor(gpu, [1]);
  own.device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE }).destroy();
  await own.device.queue.onSubmittedWorkDone();
  const error = (await x.read().catch((e: unknown) => e)) as VeilganError;
  assert.is(error.code, 'VALIDATION');
  assert.match(error.fix, /your own calls/);
  gpu.close();
});

test('a device that allows too little, or is gone, is refused', async () => {
  const limits = Object.fromEntries(
    ['maxStorageBuffersPerShaderStage', 'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupStorageSize'].map(
      (name) => [name, own.device.limits[name as 'maxComputeWorkgroupStorageSize']],
    ),
  );
  const like = (changed: object) =>
    ({
      lost: new Promise(() => {}),
      pushErrorScope: () => {},
      popErrorScope: async () => null,
      features: new Set(),
      limits: { ...limits, maxComputeWorkgroupsPerDimension: 65535, ...changed },
    }) as unknown as GPUDevice;
  assert.is((await checkDevice(like({}))).name, 'unnamed adapter');
  const error = (await checkDevice(like({ maxStorageBuffersPerShaderStage: 4 })).catch((e) => e)) as VeilganError;
  assert.is(error.code, 'WRONG_ADAPTER');
  assert.match(error.message, /maxStorageBuffersPerShaderStage = 4.*8/);
  own.device.destroy();
  assert.is(await codeOf(() => checkDevice(own.device)), 'DEVICE_LOST');
});

test.run();
