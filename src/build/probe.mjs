/**
 * Asks Dawn for an adapter and makes it copy sixteen bytes; prints one line of JSON, `{ ok, ... }`.
 *
 * A script of its own, always run in a child process (adapter.mjs): a Vulkan driver cannot be unloaded, a
 * broken one takes the process with it, and variables for the loader count only at the start of a process.
 * It is, beside src/api/node.ts, the only importer of the `webgpu` package: setup runs before anything is built.
 */
import { writeSync } from 'node:fs';

const BYTES = 16;

async function probe() {
  const { create, globals } = await import('webgpu');
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  if (!adapter) return { ok: false, why: 'Dawn finds no adapter' };
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const found = { vendor, architecture, device, description, software: Boolean(isFallbackAdapter) };
  if (`${device} ${description}`.includes('null-backend')) return { ok: false, why: 'there is only the null backend' };

  const gpuDevice = await adapter.requestDevice();
  const { GPUBufferUsage, GPUMapMode } = globals;
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const from = gpuDevice.createBuffer({ size: BYTES, usage });
  const to = gpuDevice.createBuffer({ size: BYTES, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const sent = new Uint32Array([1, 2, 3, 0xfffffffe]);
  gpuDevice.queue.writeBuffer(from, 0, sent);
  const encoder = gpuDevice.createCommandEncoder();
  encoder.copyBufferToBuffer(from, 0, to, 0, BYTES);
  gpuDevice.queue.submit([encoder.finish()]);
  await to.mapAsync(GPUMapMode.READ);
  const same = new Uint32Array(to.getMappedRange()).every((value, i) => value === sent[i]);
  if (!same) return { ok: false, adapter: found, why: 'the adapter does not return what was written to it' };
  return { ok: true, adapter: found, keep: gpu };
}

const answer = await probe().catch((error) => ({ ok: false, why: String(error?.message ?? error).split('\n')[0] }));
writeSync(1, `${JSON.stringify({ ...answer, keep: undefined })}\n`);
// Whatever a driver does while it is taken down, the answer is out.
process.exit(0);
