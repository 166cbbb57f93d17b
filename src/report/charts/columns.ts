/** Charts of a table's columns: what they hold, and how near samples come to real rows. */

import type { StoredColumn } from '../results.ts';
import { type Picture, picture } from './render.ts';
import { COLOURS } from './theme.ts';

const REAL = 'real rows';
const MADE = 'samples';
const NAMES = { domain: [REAL, MADE], range: [COLOURS.grey, COLOURS.blue] };
const BELOW = { title: null, orient: 'bottom', direction: 'horizontal', symbolType: 'square' } as const;
/** Characters of a label, which a phone shows. */
const LABEL = 18;

const short = (text: string): string => (text.length > LABEL ? `${text.slice(0, LABEL - 3)}...` : text);

/** Labels of an axis: what is cut alike must not fall together. */
export function distinct(labels: readonly string[]): string[] {
  const all = labels.map(short);
  return all.map((label, i) => (all.indexOf(label) === i ? label : `${label} (${i + 1})`));
}

/** The shares of one column, real rows above samples. */
export function columnChart({ labels, reference, samples }: StoredColumn): Picture {
  const names = distinct(labels);
  const values = names.flatMap((label, i) => [
    { label, share: reference[i], of: REAL },
    { label, share: samples[i], of: MADE },
  ]);
  return picture({
    width: 330,
    height: { step: 11 },
    data: { values },
    mark: { type: 'bar', aria: false },
    encoding: {
      y: { field: 'label', type: 'nominal', sort: names, title: null, axis: { labelLimit: 200, ticks: false } },
      yOffset: { field: 'of', sort: NAMES.domain },
      x: { field: 'share', type: 'quantitative', title: 'share of rows', axis: { format: '~%', tickCount: 4 } },
      color: { field: 'of', type: 'nominal', scale: NAMES, legend: BELOW },
    },
  });
}

export interface DiagonalPoint {
  readonly name: string;
  readonly real: number;
  readonly samples: number;
}

export interface DiagonalOptions {
  readonly xTitle: string;
  readonly yTitle: string;
  /** axes of square roots, on which an error of chance is as long anywhere, and rare values do not fall together */
  readonly roots?: boolean;
}

/** Points that are named: those furthest from the diagonal. */
const NAMED = 3;

/** Points against the diagonal, on which samples are as real rows. */
export function diagonalChart(points: readonly DiagonalPoint[], options: DiagonalOptions): Picture {
  const { xTitle, yTitle, roots = false } = options;
  const place = roots ? Math.sqrt : (v: number) => v;
  const off = ({ real, samples }: DiagonalPoint) => Math.abs(place(real) - place(samples));
  const far = [...points].sort((a, b) => off(b) - off(a)).slice(0, NAMED);
  const scale = { type: roots ? ('sqrt' as const) : ('linear' as const), domain: [0, 1], nice: false };
  const ticks = roots ? { values: [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1] } : { tickCount: 5 };
  const axis = (field: 'real' | 'samples', title: string) =>
    ({ field, type: 'quantitative', title, scale, axis: { ...ticks, format: '~%' } }) as const;
  const position = { x: axis('real', xTitle), y: axis('samples', yTitle) };
  // A name stands towards the middle of the chart, which it must not leave, and away from the diagonal.
  const text = ({ name, real, samples }: DiagonalPoint) => ({
    data: { values: [{ real, samples, label: short(name) }] },
    mark: {
      ...{ type: 'text' as const, fontSize: 11, aria: false, color: COLOURS.ink, dy: samples > real ? -7 : 9 },
      ...(place(real) > 0.5 ? { align: 'right' as const, dx: -6 } : { align: 'left' as const, dx: 6 }),
    },
    encoding: { ...position, text: { field: 'label' } },
  });
  return picture({
    width: 330,
    height: 330,
    layer: [
      {
        data: { values: [0, 1].map((v) => ({ real: v, samples: v })) },
        mark: { type: 'line', strokeWidth: 1, strokeDash: [4, 3], color: COLOURS.ink, aria: false },
        encoding: position,
      },
      {
        data: { values: points.map(({ real, samples }) => ({ real, samples })) },
        mark: {
          ...{ type: 'circle' as const, color: COLOURS.blue, aria: false, clip: true },
          ...{ size: points.length > 200 ? 16 : 36, opacity: points.length > 200 ? 0.5 : 0.75 },
        },
        encoding: position,
      },
      ...far.map(text),
    ],
  });
}

/** How often columns are predicted rightly: from samples, from real rows, and by always naming the most frequent value. */
export function predictionChart(columns: readonly (DiagonalPoint & { readonly majority?: number })[]): Picture {
  const names = distinct(columns.map(({ name }) => name));
  const majority = 'most frequent value';
  // The last ones are on top.
  const values = columns.flatMap(({ real, samples, majority: chance }, i) => [
    ...(chance === undefined ? [] : [{ column: names[i], accuracy: chance, of: majority }]),
    { column: names[i], accuracy: real, of: REAL },
    { column: names[i], accuracy: samples, of: MADE },
  ]);
  const domain = [MADE, REAL, majority];
  const legend = { title: null, orient: 'bottom', columns: 3 } as const;
  return picture({
    width: 310,
    height: { step: 24 },
    data: { values },
    mark: { type: 'point', filled: true, size: 60, opacity: 0.9, aria: false },
    encoding: {
      y: { field: 'column', type: 'nominal', sort: names, title: null, axis: { labelLimit: 200, grid: true } },
      x: {
        ...{ field: 'accuracy', type: 'quantitative' as const, title: 'right answers' },
        ...{ scale: { domain: [0, 1] }, axis: { format: '~%', tickCount: 5 } },
      },
      color: {
        ...{ field: 'of', type: 'nominal' as const, legend },
        scale: { domain, range: [COLOURS.blue, COLOURS.orange, COLOURS.grey] },
      },
      shape: { field: 'of', type: 'nominal', legend, scale: { domain, range: ['circle', 'diamond', 'square'] } },
    },
  });
}
