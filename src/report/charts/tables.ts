/** Charts of tables of counts: how far columns and pairs of columns are from the training rows. */
import { distinct } from './columns.ts';
import { type Picture, picture } from './render.ts';
import { COLOURS, HEAT } from './theme.ts';

const MADE = 'samples';
const FLOOR = 'hold-out rows';

/** One column or pair, and what the hold-out gives in the place of samples. */
export interface Apart {
  readonly name: string;
  readonly samples: number;
  readonly floor?: number;
}

/** A bar for each column; a line across it where hold-out rows are. */
export function apartChart(columns: readonly Apart[]): Picture {
  const names = distinct(columns.map(({ name }) => name));
  const values = columns.map(({ samples, floor = null }, i) => ({ column: names[i], samples, floor }));
  const y = {
    ...{ field: 'column', type: 'nominal' as const, sort: names, title: null },
    axis: { labelLimit: 200, ticks: false },
  };
  const x = (field: string) => ({
    ...{ field, type: 'quantitative' as const, title: 'total variation to training rows' },
    axis: { tickCount: 4 },
  });
  const colour = (name: string) => ({
    datum: name,
    scale: { domain: [MADE, FLOOR], range: [COLOURS.blue, COLOURS.orange] },
    legend: { title: null, orient: 'bottom', direction: 'horizontal', symbolType: 'square', symbolOpacity: 1 } as const,
  });
  const floors = columns.some(({ floor }) => floor !== undefined);
  return picture({
    width: 330,
    height: { step: 20 },
    data: { values },
    layer: [
      { mark: { type: 'bar', height: 12, aria: false }, encoding: { y, x: x('samples'), color: colour(MADE) } },
      ...(floors
        ? [
            {
              mark: { type: 'tick' as const, thickness: 3, size: 18, opacity: 1, aria: false },
              encoding: { y, x: x('floor'), color: colour(FLOOR) },
            },
          ]
        : []),
    ],
  });
}

/** Distances at which a square becomes darker; the same in every report, so that they compare. */
const STEPS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32];
const ranges = [...STEPS, 1].map((to, i) => (i === 0 ? `up to ${to}` : i < STEPS.length ? `to ${to}` : 'more'));

/** Which of the ranges a distance is in. */
const rangeOf = (v: number): string => ranges[STEPS.filter((step) => v > step).length];

/**
 * Squares of all pairs of columns: of samples below the diagonal, of hold-out rows above it.
 * @param pairs of columns by their places, the first below the second
 */
export function heatMap(
  columns: readonly string[],
  pairs: readonly { a: number; b: number; samples: number; floor?: number }[],
): Picture {
  const names = distinct(columns);
  const values = pairs.flatMap(({ a, b, samples, floor }) => [
    { across: names[a], down: names[b], range: rangeOf(samples) },
    ...(floor === undefined ? [] : [{ across: names[b], down: names[a], range: rangeOf(floor) }]),
  ]);
  const axis = (field: 'across' | 'down') => ({
    ...{ field, type: 'nominal' as const, scale: { domain: names }, title: null },
    axis: { labelLimit: 120, ticks: false, labelFontSize: 11, ...(field === 'across' ? { labelAngle: -90 } : {}) },
  });
  const side = Math.max(10, Math.min(24, Math.floor(300 / names.length)));
  return picture({
    width: { step: side },
    height: { step: side },
    data: { values },
    mark: { type: 'rect', aria: false },
    encoding: {
      x: axis('across'),
      y: axis('down'),
      color: {
        ...{ field: 'range', type: 'nominal' as const, scale: { domain: ranges, range: [...HEAT] } },
        legend: { title: null, orient: 'bottom', columns: 4, symbolType: 'square' },
      },
    },
  });
}
