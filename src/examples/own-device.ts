import { open, tensor } from 'veilgan';

const adapter = (await navigator.gpu.requestAdapter()) as GPUAdapter;
const features = [...adapter.features].filter((name) => name === 'subgroups') as GPUFeatureName[];
const device = await adapter.requestDevice({ requiredFeatures: features });

const gpu = await open({ device });
const [length] = await tensor(gpu, [3, 4]).square().sum().sqrt().read();
gpu.close(); // frees what the engine made; the device is still yours

const lost = await Promise.race([device.lost, device.queue.onSubmittedWorkDone()]);
(document.querySelector('output') as HTMLOutputElement).textContent = lost ? `lost: ${lost.message}` : `${length}`;
