/** What a training made, as files. For the worker. */

import { csvPieces } from '../../data/csv/text.ts';
import { decodeRows } from '../../data/encoding/decode.ts';
import { toBytes } from '../../data/records.ts';
import { isPrivate } from '../../gan/systems.ts';
import { classColumns, imageGrid } from '../../report/grid.ts';
import { encodePng } from '../../report/png.ts';
import { encodeNpy } from '../../run/npy.ts';
import { encodeSafetensors } from '../../run/safetensors.ts';
import { toCsv, toNpy, withKeys } from '../../run/samples.ts';
import { releasedInfo, releasedMeta } from '../../run/schema.ts';
import { trainingRows } from '../../train/rows.ts';
import type { Training } from './training.ts';

/** Rows that are generated at once. */
const PIECE = 20_000;
/** Images of a picture, at most. */
const PICTURED = 400;
/** Sequences of samples that a generator has, and files may take in turn. */
const STREAMS = 1000;

export class Products {
  readonly #training: Training;
  #stream = 0;

  constructor(training: Training) {
    this.#training = training;
  }

  /** A sequence of samples that no download took yet, as long as there are any. */
  #fresh(): number {
    return 1 + (this.#stream++ % STREAMS);
  }

  /** New rows as a file, piece by piece. */
  async csv(count: number): Promise<Blob> {
    const { session, data, plan } = this.#training.live();
    const parts: BlobPart[] = [];
    for (let first = 0; first < count; first += PIECE) {
      const n = Math.min(PIECE, count - first);
      const rows = await session.sample(n, this.#fresh());
      if (data.encoding) {
        const made = decodeRows(data.encoding, rows, { seed: plan.seed, first });
        const [head, ...rest] = csvPieces(withKeys(made, data.meta.keys, first));
        parts.push(...(first ? rest : [head, ...rest]));
      } else {
        const text = toCsv(rows, data.columns, session.job.gan.labelsOf(n));
        parts.push(first ? text.slice(text.indexOf('\n') + 1) : text);
      }
    }
    return new Blob(parts, { type: 'text/csv' });
  }

  async npy(count: number): Promise<Blob> {
    const { session, data } = this.#training.live();
    const rows = await session.sample(count, this.#fresh());
    return blobOf(toNpy({ rows, shape: data.shape, columns: data.columns }), 'application/octet-stream');
  }

  /** Classes of the rows of `npy`: the same of every sequence. */
  labels(count: number): Blob {
    const labels = this.#training.live().session.job.gan.labelsOf(count) ?? new Uint32Array(count);
    return blobOf(encodeNpy(labels, [count]), 'application/octet-stream');
  }

  async picture(count: number): Promise<Blob> {
    const { session, data } = this.#training.live();
    const rows = await session.sample(Math.min(count, PICTURED), this.#fresh());
    const columns = classColumns(session.job.gan.classes);
    return blobOf(await encodePng(imageGrid(toBytes(rows), data.shape, { scale: 3, columns })), 'image/png');
  }

  /** The networks of the last checkpoint, with all settings and what the columns are, as one safetensors file. */
  model(): Blob {
    const { session, data, plan } = this.#training.live();
    const { run, job } = session;
    const { tensors, meta } = run.readCheckpoint();
    const rows = job.guarantee?.config.population ? undefined : trainingRows(data, job.gan.config);
    const info = releasedInfo(run.info, isPrivate(plan.system), rows);
    const bytes = encodeSafetensors(tensors, { ...releasedMeta(meta), 'run.json': JSON.stringify(info) });
    return blobOf(bytes, 'application/octet-stream');
  }

  /** @param diagnostics of a private system what only the owner may see */
  async report(diagnostics: boolean): Promise<Blob> {
    const { session, data, plan } = this.#training.live();
    const looks = diagnostics || !isPrivate(plan.system);
    if (looks && data.holdoutRows > 0) await session.attack();
    return new Blob([await session.report({ diagnostics })], { type: 'text/html' });
  }
}

const blobOf = (bytes: Uint8Array, type: string): Blob => new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
