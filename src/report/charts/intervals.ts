/** Means with their intervals, side by side: what an experiment found. */
import { type Picture, picture } from './render.ts';
import { COLOURS, PALETTE } from './theme.ts';

export interface IntervalPoint {
  /** where it stands on the x axis */
  readonly at: string;
  readonly series: string;
  readonly mean: number;
  /** [low, high]; null for a single run */
  readonly ci95: readonly [number, number] | null;
}

/**
 * Points with error bars; series of one place stand beside each other, and are told apart by colour and shape.
 * @param options level: a line across, such as the level of chance
 */
export function intervalChart(
  points: readonly IntervalPoint[],
  options: { readonly xTitle: string; readonly yTitle: string; readonly level?: number },
): Picture {
  const places = [...new Set(points.map(({ at }) => at))];
  const series = [...new Set(points.map((point) => point.series))];
  const values = points.map(({ at, series: name, mean, ci95 }) => ({
    ...{ at, series: name, mean },
    ...(ci95 ? { low: ci95[0], high: ci95[1] } : {}),
  }));
  const legend = { title: null, orient: 'bottom', columns: 1 } as const;
  const x = {
    field: 'at',
    type: 'ordinal',
    title: options.xTitle,
    sort: places,
    axis: { labelAngle: places.some((place) => place.length > 6) ? -30 : 0, labelLimit: 160 },
  } as const;
  const side = { field: 'series', sort: series } as const;
  const y = { field: 'mean', type: 'quantitative', title: options.yTitle, scale: { zero: false } } as const;
  const colour = { field: 'series', type: 'nominal', scale: { domain: series, range: PALETTE }, legend } as const;
  const { level } = options;
  const across = {
    data: { values: [{ level }] },
    mark: { type: 'rule' as const, strokeDash: [4, 3], color: COLOURS.ink, aria: false },
    encoding: { y: { field: 'level', type: 'quantitative' } } as const,
  };
  return picture({
    width: 390,
    height: 270,
    layer: [
      ...(level === undefined ? [] : [across]),
      {
        data: { values: values.filter((value) => 'low' in value) },
        mark: { type: 'rule', strokeWidth: 1.6, aria: false },
        encoding: { x, xOffset: side, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 55, opacity: 1, aria: false },
        encoding: {
          ...{ x, xOffset: side, y, color: colour },
          shape: { field: 'series', type: 'nominal', scale: { domain: series }, legend } as const,
        },
      },
    ],
  });
}
