/** Weights of InceptionV3 from a file that the user gives: they are not ours to ship. */
import { VeilganError } from '../base/errors.ts';
import { readBytes } from '../base/files.ts';
import type { Gpu } from '../gpu/index.ts';
import { Inception } from '../metrics/images/inception.ts';
import { inceptionParts, tensorsOf, unitsOf } from '../metrics/images/inception-parts.ts';
import { decodeSafetensors, type TensorData } from './safetensors.ts';

/** How to make the file, for people with Python: pytorch-fid's weights under their own names. */
export const INCEPTION_SNIPPET = `pip install pytorch-fid safetensors
python -c "
from pytorch_fid.inception import fid_inception_v3
from safetensors.torch import save_file
state = fid_inception_v3().state_dict()  # fetches pt_inception-2015-12-05-6726825d.pth
save_file({name: t.contiguous() for name, t in state.items()}, 'inception.safetensors')"`;

/**
 * InceptionV3 with the weights of a safetensors file, named as in the state_dict of pytorch-fid's `fid_inception_v3()`.
 * Of other tensors (`fc`, `num_batches_tracked`, `AuxLogits`) nothing is read.
 * @param share of the published channels; 1 but in tests
 * @throws VeilganError FILE naming the tensor that is missing, has another shape, or holds what cannot be a weight
 */
export function openInception(gpu: Gpu, file: string, share = 1): Inception {
  const shapes = Object.fromEntries(
    inceptionParts(share)
      .flatMap(([, part]) => unitsOf(part))
      .flatMap((unit) => Object.entries(tensorsOf(unit))),
  );
  const { tensors } = decodeSafetensors(readBytes(file), file, (name) => Object.hasOwn(shapes, name));
  const stored: Record<string, TensorData> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    const problem = !found
      ? 'is missing'
      : found.shape.join() !== shape.join()
        ? `has shape [${found.shape}], not [${shape}]`
        : wrongValue(name, found.data);
    if (!found || problem) {
      throw new VeilganError('FILE', `tensor ${name} ${problem}`, {
        where: file,
        fix: 'Convert the weights of pytorch-fid as `veilgan evaluate --help` shows',
      });
    }
    stored[name] = found.data;
  }
  return new Inception(gpu, stored, share);
}

function wrongValue(name: string, data: TensorData): string | undefined {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return 'does not hold floating-point numbers';
  const at = data.findIndex((v: number) => !Number.isFinite(v));
  if (at >= 0) return `holds ${data[at]} (element ${at})`;
  if (name.endsWith('.running_var') && data.some((v: number) => v < 0)) return 'holds a negative variance';
  return undefined;
}
