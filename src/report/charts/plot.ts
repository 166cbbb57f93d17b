/** The charts of a run: loss curves, samples over training points. */
import type { TopLevelSpec } from 'vega-lite';
import { VeilganError } from '../../base/errors.ts';
import type { GenerativeSystem } from '../../train/generative.ts';
import type { LossRow } from '../../train/loop.ts';
import { type Picture, picture } from './render.ts';
import { extent, lossPoints, thin } from './series.ts';
import { COLOURS } from './theme.ts';

export type { Picture } from './render.ts';

type Layer = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

/** What losses are measured in, for the axis of `lossCurves`. */
export const lossUnit = ({ unit }: Pick<GenerativeSystem, 'unit'>): string => `loss (${unit})`;

export interface LossOptions {
  title?: string;
  /** Label of the y axis, with the unit: nats for JS, critic units for Wasserstein. */
  yTitle?: string;
  /** Narrow and without a title, for a page that has a caption (`lossNotes`) and may be a phone's. */
  narrow?: boolean;
}

const NARROW = { width: 390, height: 250 } as const;

/** How the rows are drawn: a point for how many steps, what the bands are. */
export function lossNotes(rows: readonly LossRow[]): string {
  const critics = rows.reduce((most, row) => Math.max(most, row.loss_d.length), 0);
  const range = Math.ceil(rows.length / Math.max(1, lossPoints(rows).length));
  const notes = [
    rows.length === 0 && 'no losses recorded',
    critics > 1 && 'band: lowest to highest discriminator',
    range > 1 && `a point stands for ${range} steps, the bands hold their extremes`,
  ];
  return notes.filter((note) => note !== false).join('; ');
}

/**
 * L_G and the mean of L_D against the generator step, with the band between the lowest and the highest discriminator.
 * Beyond 2000 rows a point stands for a range of steps and the bands span its extremes. Losses that are not finite
 * leave a gap.
 */
export function lossCurves(rows: readonly LossRow[], options: LossOptions = {}): Picture {
  const critics = rows.reduce((most, row) => Math.max(most, row.loss_d.length), 0);
  const values = lossPoints(rows);
  const nameG = critics ? 'generator, L_G' : 'loss of the fit';
  const nameD = critics > 1 ? `mean of ${critics} discriminators, L_D` : 'discriminator, L_D';
  const subtitle = lossNotes(rows);
  const [first, last] = [rows[0]?.step ?? 0, rows.at(-1)?.step ?? 1];
  const domain: number[] = [first > last / 20 ? first : 0, last];
  const scale = { domain, nice: false };
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'step (generator updates)',
    scale,
    axis: { tickCount: options.narrow ? 5 : 8 },
  } as const;
  const yTitle = options.yTitle ?? 'loss';
  const names = critics ? [nameG, nameD] : [nameG];
  const legend = colours(names, [COLOURS.blue, COLOURS.orange].slice(0, names.length));
  const encoding = (field: string, name: string) => ({
    ...{ x, y: { field, type: 'quantitative', title: yTitle, scale: { zero: false } } as const },
    color: { datum: name, ...legend },
  });
  const area = (key: string, name: string): Layer => ({
    mark: { type: 'area', opacity: 0.25, aria: false },
    encoding: { ...encoding(`${key}_lo`, name), y2: { field: `${key}_hi` } },
  });
  const line = (key: string, name: string): Layer => ({
    mark: { type: 'line', strokeWidth: 1.6, aria: false },
    encoding: encoding(key, name),
  });
  return picture({
    width: 690,
    height: 330,
    ...(options.narrow ? NARROW : { title: { text: options.title ?? 'Losses', ...(subtitle ? { subtitle } : {}) } }),
    data: { values },
    layer: critics
      ? [area('d', nameD), area('g', nameG), line('d', nameD), line('g', nameG)]
      : [area('g', nameG), line('g', nameG)],
  });
}

/** Up to so many training points are drawn as rings over the samples. */
const RINGS = 500;

export interface ScatterPanel {
  title: string;
  /** Pairs x, y one after the other: a [n, 2] array in C order. */
  points: ArrayLike<number>;
}

export interface ScatterOptions {
  title?: string;
  /** Real training points, [m, 2]: grey dots underneath, or rings on top when few, so that copies can be seen. */
  reference?: ArrayLike<number>;
  /** Interval of both axes; by default that of the reference points (of all points without them), a tenth wider. */
  domain?: readonly [number, number];
  xTitle?: string;
  yTitle?: string;
  /** At most so many points of each kind are drawn, evenly picked. Default 2000. */
  limit?: number;
  /** Width and height of a panel in pixels, by default as many as a page's width has room for. */
  side?: number;
}

/** Samples over the real points, one panel. */
export function scatter(points: ArrayLike<number>, options: ScatterOptions = {}): Picture {
  return scatterGrid([{ title: options.title ?? 'Samples', points }], { ...options, title: undefined });
}

/**
 * A panel a system, side by side on the same axes, so that they can be compared. A panel says how many of its samples
 * lie outside the axes. Throws SHAPE when a list has an odd length.
 */
export function scatterGrid(panels: readonly ScatterPanel[], options: ScatterOptions = {}): Picture {
  const { reference = [], limit = 2000 } = options;
  const all = [...panels.map((panel) => panel.points), reference];
  for (const list of all) {
    if (list.length % 2 !== 0)
      throw new VeilganError('SHAPE', `${list.length} numbers are no x, y pairs`, { where: 'scatter' });
  }
  const domain = options.domain ?? widen(extent(reference.length > 0 ? [reference] : all));
  const columns = panels.length === 4 ? 2 : Math.min(panels.length, 3);
  const side = options.side ?? (columns === 1 ? 520 : Math.round((760 - 60 * columns) / columns));
  const few = reference.length / 2 <= RINGS;
  const real = few ? 'training points (rings)' : 'training points';
  const fake = 'samples';
  const axis = (field: 'x' | 'y', title: string) =>
    ({
      field,
      type: 'quantitative',
      title,
      scale: { domain: [...domain] as number[], nice: false },
      axis: { tickCount: 5 },
    }) as const;
  const position = { x: axis('x', options.xTitle ?? 'x'), y: axis('y', options.yTitle ?? 'y') };
  const legend = colours(
    reference.length > 0 ? [fake, real] : [fake],
    [COLOURS.blue, few ? COLOURS.ink : COLOURS.grey],
    1,
  );
  const size = columns === 1 ? 14 : 9;
  const dot = { type: 'circle', size, opacity: 0.55, aria: false, clip: true } as const;
  const ring = { type: 'point', size: 3 * size, strokeWidth: 1, opacity: 0.8, aria: false, clip: true } as const;
  const layer = (points: ArrayLike<number>, name: string, mark: typeof dot | typeof ring): Layer => ({
    data: { values: inside(points, domain, limit) },
    mark,
    encoding: { ...position, color: { datum: name, ...legend } },
  });
  return picture({
    ...(options.title ? { title: options.title } : {}),
    columns,
    spacing: 24,
    concat: panels.map(({ title, points }) => ({
      width: side,
      height: side,
      title: { text: title, fontSize: columns === 1 ? 16 : 14, subtitle: countNote(points, domain, limit) },
      layer: few
        ? [layer(points, fake, dot), ...(reference.length > 0 ? [layer(reference, real, ring)] : [])]
        : [layer(reference, real, dot), layer(points, fake, dot)],
    })),
  });
}

function colours(names: string[], palette: readonly string[], opacity = 0.9) {
  const legend = {
    title: null,
    orient: 'bottom',
    direction: 'horizontal',
    symbolType: 'circle',
    symbolOpacity: opacity,
  } as const;
  return { scale: { domain: names, range: palette.slice(0, names.length) }, legend };
}

/** The drawn points that lie inside the axes. */
function inside(points: ArrayLike<number>, domain: readonly [number, number], limit: number) {
  const picked = thin(points.length / 2, limit).map((i) => ({ x: points[2 * i], y: points[2 * i + 1] }));
  return picked.filter(({ x, y }) => within(x, domain) && within(y, domain));
}

function countNote(points: ArrayLike<number>, domain: readonly [number, number], limit: number): string {
  const n = points.length / 2;
  let outside = 0;
  for (let i = 0; i < n; i++) if (!within(points[2 * i], domain) || !within(points[2 * i + 1], domain)) outside += 1;
  const notes = [`${n.toLocaleString('en')} samples`];
  if (n > limit) notes.push(`${limit.toLocaleString('en')} drawn`);
  if (outside > 0) notes.push(`${outside.toLocaleString('en')} outside the axes`);
  return notes.join(', ');
}

function within(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high;
}

function widen([low, high]: readonly [number, number]): [number, number] {
  const margin = (high - low) / 10 || 0.5;
  return [low - margin, high + margin];
}
