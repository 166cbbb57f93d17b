/** A run as attacks look at it: members, others, the model; and the models that an attacker may compare with. */
import type { Candidates, Surrogate, SurrogateOptions, TrainedModel } from '../../attack/target.ts';
import { VeilganError } from '../../base/errors.ts';
import { pickRows } from '../../base/rows.ts';
import { floats } from '../../data/records.ts';
import { ganConfig } from '../../gan/config.ts';
import { divergences } from '../../gan/divergences.ts';
import { latentLaws } from '../../gan/draws.ts';
import { ParGan } from '../../gan/pargan.ts';
import { makeConfig, usualPreset } from '../../gan/presets/index.ts';
import { type GanSystem, isGan } from '../../gan/system.ts';
import { callRows } from '../../train/batched-inference.ts';
import { train } from '../../train/loop.ts';
import { trainingRows } from '../../train/rows.ts';
import type { TrainingJob } from '../job.ts';
import { released } from '../training.ts';

/** Where non-members come from: another split of the data, or rows of the members' own file that training left out. */
export type Source = 'hold-out' | 'left-out';

/** Non-members of the members' own file that are looked at, at most; or as many as there are members. */
const LEFT_OUT = 10_000;
/** Rows of one piece of queried samples. */
const PIECE = 1000;
/** Sequences of latents that attackers' queries use: the released samples are of sequence 0. */
const QUERY_STREAM = 1;
/** Settings of an attacker's model that has one critic whatever the run has. */
const ONE_CRITIC = { partitions: 1, snapshots: 1 };

/** Rows that some critic saw, and which: leftovers of the cut into partitions are no members. */
export function membersOf({ gan, data }: TrainingJob): Candidates & { own: Uint32Array } {
  const owners = gan.owners();
  const seen = [...owners.keys()].filter((row) => owners[row] < gan.partitions);
  const rows = floats(pickRows(data.train, data.features, seen));
  const labels = data.labels && Uint32Array.from(seen, (row) => data.labels?.train[row] ?? 0);
  return { rows, labels, own: Uint32Array.from(seen, (row) => owners[row]) };
}

/**
 * Rows that no critic saw, by where they come from: the hold-out first, then what training left out of the members' own
 * file (`rows` of the config), which is the cleaner control where the hold-out is another split.
 */
export function unseenOf({ gan, data }: TrainingJob): [Source, Candidates][] {
  const first = trainingRows(data, gan.config);
  const end = Math.min(data.rows, first + Math.max(first, LEFT_OUT));
  const sets: [Source, Candidates][] = [
    ['hold-out', { rows: floats(data.holdout), labels: data.labels?.holdout }],
    [
      'left-out',
      {
        rows: floats(data.train.subarray(first * data.features, end * data.features)),
        labels: data.labels?.train.subarray(first, end),
      },
    ],
  ];
  return sets.filter(([, { rows }]) => rows.length);
}

/** Told what runs and how far it is. */
export type Report = (name: string, share: number) => void;

/** A trained run as an attacker meets it, and the models that the attacker trains. */
export interface RunModel extends TrainedModel {
  /**
   * Trains a model without privacy on all of some rows, settings of private runs being left out.
   * @param steps left out: as many as the run's own
   * @throws VeilganError as training does
   */
  trainSurrogate(rows: Float32Array, options: SurrogateOptions, steps?: number): Promise<Surrogate>;
  /** Frees the models that the attacker trained. */
  dispose(): void;
}

/** @param queries samples that the attacker asks for */
export function runModel({ gan, data, run }: TrainingJob, queries: number, report: Report): RunModel {
  const { gpu, seed, features, shape } = gan;
  const made = new Map<string, Promise<unknown>>();
  const surrogates = new Set<GanSystem>();
  const once = <T>(key: string, make: () => Promise<T>): Promise<T> => {
    const known = (made.get(key) as Promise<T> | undefined) ?? make();
    made.set(key, known);
    return known;
  };
  return {
    ...{ gpu, features, critics: gan.partitions, output: isGan(gan) ? outputOf(gan) : 'value', once },
    scores: async (rows, labels) => (isGan(gan) ? gan.scores(rows, labels) : new Float32Array()),
    sample: (count) => gan.sample(count),
    released: () => once('released', () => gan.sample(released(data))),
    queried: () =>
      once('queried', async () => {
        const out = new Float32Array(queries * features);
        for (let first = 0, piece = 0; first < queries; first += PIECE, piece++) {
          const count = Math.min(PIECE, queries - first);
          out.set(await gan.sample(count, QUERY_STREAM + piece), first * features);
          report('samples', (first + count) / queries);
        }
        return out;
      }),
    generator() {
      if (gan.classes || !isGan(gan)) return undefined;
      const { config } = gan;
      const { draw: law, energy } = latentLaws[config.latentLaw];
      return {
        gpu,
        latent: gan.noise,
        searched: config.latent,
        energy: energy * config.latent,
        features,
        // Gradients need the activations of a call.
        rows: Math.min(256, callRows(features)),
        // Sampling counts its streams from 2^22 on.
        draw: (n, stream) => law(gpu, [1, n, gan.noise], { seed, stream: 0x300000 + stream }),
        generate: (z) => gan.make(z),
      };
    },
    async trainSurrogate(rows, { seed: added, critics, onProgress }, steps = gan.step) {
      const more = { ...(critics === 'one' ? ONE_CRITIC : {}), rows: 0, steps };
      const settings = isGan(gan)
        ? makeConfig(undefined, { ...ganFields(gan.config), ...more })
        : makeConfig(usualPreset('gan', rows.length / features), { ...ONE_CRITIC, ...more });
      const records = { train: rows, features, shape, blocks: data.blocks };
      const surrogate = new ParGan(gpu, settings, records, run.info.seed + added);
      surrogates.add(surrogate);
      await surrogate.prepare(false);
      await train(surrogate, { steps, onRows: (done) => onProgress(done[done.length - 1].step / steps) });
      return {
        critics: settings.partitions,
        output: outputOf(surrogate),
        scores: (of) => surrogate.scores(of),
        sample: (count) => surrogate.sample(count),
        dispose: () => {
          if (surrogates.delete(surrogate)) surrogate.dispose();
        },
      };
    },
    dispose() {
      for (const surrogate of surrogates) surrogate.dispose();
      surrogates.clear();
    },
  };
}

/** Of a config the fields that systems without a guarantee have. */
const ganFields = (config: GanSystem['config']) =>
  Object.fromEntries(Object.entries(config).filter(([name]) => Object.hasOwn(ganConfig.shape, name)));

const outputOf = ({ config }: GanSystem): TrainedModel['output'] => divergences[config.divergence].output;

/** Share of the candidates that a reference may have been trained on: a table has equal rows by chance. */
const OVERLAP = 0.05;

/** 64 bits that tell rows apart. */
function rowKey(row: Float32Array): string {
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  for (const word of new Uint32Array(row.slice().buffer)) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ (word >>> 15) ^ word, 0x85ebca6b);
  }
  return `${a} ${b}`;
}

/**
 * A reference model must know neither members nor the others, or it calibrates one side only.
 * @throws VeilganError USAGE where it generates other records, DATA where it was trained on the candidates
 */
export function checkReference(reference: TrainingJob, job: TrainingJob, sets: readonly [Source, Candidates][]): void {
  const { features } = job.data;
  if (reference.data.shape.join() !== job.data.shape.join()) {
    throw new VeilganError('USAGE', `the reference makes records [${reference.data.shape}], not [${job.data.shape}]`, {
      where: 'reference',
      fix: 'Name a run on data of the same kind',
    });
  }
  const key = (rows: Float32Array, row: number) => rowKey(rows.subarray(row * features, (row + 1) * features));
  const trained = membersOf(reference).rows;
  const known = new Set(Array.from({ length: trained.length / features }, (_, row) => key(trained, row)));
  const lists: [string, Float32Array][] = [['members', membersOf(job).rows]];
  for (const [source, { rows }] of sets) lists.push([`${source} rows`, rows]);
  for (const [what, rows] of lists) {
    const count = rows.length / features;
    let both = 0;
    for (let row = 0; row < count; row++) if (known.has(key(rows, row))) both++;
    if (both <= OVERLAP * count) continue;
    throw new VeilganError('DATA', `the reference was trained on ${both} of the ${count} ${what} of this attack`, {
      where: reference.run.dir,
      fix: 'Import other rows of the source under another name, and train the reference on those',
    });
  }
}
