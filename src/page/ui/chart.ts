/** Small drawings: loss curves, a scatter of points, a gauge. Colours come from the style sheet. */
import { formatNumber } from '../../report/numbers.ts';
import type { LossPoint } from '../protocol.ts';
import { svg } from './dom.ts';

const HEIGHT = 220;
const PAD = { left: 46, right: 24, top: 10, bottom: 28 };
/** Narrow pages get a narrow drawing, so that its letters keep their size. */
const width = () => (innerWidth < 640 ? 340 : 620);

/** A scale from values to pixels. */
const scale = (low: number, high: number, from: number, to: number) => (value: number) =>
  from + ((value - low) / (high - low || 1)) * (to - from);

/** About `n` round values within a range. */
function ticks(low: number, high: number, n: number): number[] {
  const rough = (high - low) / n || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** Where the middle 98 % of values lie: one wild step must not flatten the curves. */
function extent(values: readonly number[]): [low: number, high: number] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return [0, 1];
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = sorted.length > 50 ? [at(0.01), at(0.99)] : [sorted[0], sorted[sorted.length - 1]];
  const margin = 0.08 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

/** A curve for each network, over the steps. */
export function lossChart(points: readonly LossPoint[], steps: number): SVGSVGElement {
  const WIDTH = width();
  const [low, high] = extent(
    points.flatMap(({ generator, critics }) => (Number.isFinite(critics) ? [generator, critics] : [generator])),
  );
  const x = scale(0, steps, PAD.left, WIDTH - PAD.right);
  const y = scale(low, high, HEIGHT - PAD.bottom, PAD.top);
  const inside = (value: number) => Math.min(HEIGHT - PAD.bottom, Math.max(PAD.top, y(value)));
  const curve = (name: string, of: (point: LossPoint) => number) => {
    const at = points
      .filter((p) => Number.isFinite(of(p)))
      .map((p) => `${x(p.step).toFixed(1)} ${inside(of(p)).toFixed(1)}`);
    return svg('path', { class: `curve ${name}`, d: at.length ? `M${at.join('L')}` : '' });
  };
  const last = points[points.length - 1];
  const label = last
    ? `Losses until step ${last.step}: generator ${formatNumber(last.generator, 3)}${Number.isFinite(last.critics) ? `, critics ${formatNumber(last.critics, 3)}` : ''}`
    : 'Losses: none yet';
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label },
    ...ticks(low, high, 4).flatMap((value) => [
      svg('line', { class: 'grid', x1: PAD.left, x2: WIDTH - PAD.right, y1: y(value), y2: y(value) }),
      svg('text', { class: 'tick', x: PAD.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, String(value)),
    ]),
    ...ticks(0, steps, WIDTH < 500 ? 3 : 5).map((value) =>
      svg('text', { class: 'tick', x: x(value), y: HEIGHT - 8, 'text-anchor': 'middle' }, value.toLocaleString('en')),
    ),
    curve('critics', (p) => p.critics),
    curve('generator', (p) => p.generator),
  );
}

const SIDE = 320;

/** Points in the plane, [n, 2]. */
export function scatter(xy: Float32Array, columns: readonly string[]): SVGSVGElement {
  const reach = 1.1 * xy.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const at = scale(-reach, reach, 24, SIDE - 8);
  let path = '';
  for (let i = 0; i + 1 < xy.length; i += 2) {
    // The vertical axis points up.
    path += `M${at(xy[i]).toFixed(1)} ${(SIDE - 16 - at(xy[i + 1])).toFixed(1)}h0`;
  }
  return svg(
    'svg',
    {
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      role: 'img',
      'aria-label': `${xy.length / 2} points by ${columns.join(' and ')}`,
    },
    svg('path', { class: 'dots', d: path }),
    svg('text', { class: 'tick', x: SIDE / 2, y: SIDE - 4, 'text-anchor': 'middle' }, columns[0]),
    svg('text', { class: 'tick', x: 10, y: SIDE / 2 }, columns[1]),
  );
}

/** How much of a budget is spent, as a bar with both ends named. */
export function gauge(value: number, budget: number, label: string): SVGSVGElement {
  const share = Math.min(1, value / budget);
  return svg(
    'svg',
    { viewBox: '0 0 300 16', preserveAspectRatio: 'none', class: 'gauge', role: 'img', 'aria-label': label },
    svg('rect', { class: 'whole', width: 300, height: 16, rx: 3 }),
    svg('rect', { class: 'spent', width: 300 * share, height: 16, rx: 3 }),
  );
}
