/** ROC curves on log axes, where the leaks that matter show: few records found, next to none accused wrongly. */
import { type Picture, picture } from './render.ts';
import { COLOURS, PALETTE } from './theme.ts';

export interface RocCurve {
  readonly name: string;
  /** false- and true-positive rates of all thresholds, rising, both of one length */
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
}

/** Curves of one chart: as many as there are colours that people tell apart. */
export const MOST_CURVES = 6;
const DASHES = [
  [1, 0],
  [6, 2],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [1, 3],
];
const CHANCE = 'chance';
/** Points of a curve are kept where they are so far apart on the axis, in powers of ten. */
const APART = 0.01;

/**
 * @param floor lowest rate that is drawn, in (0, 1): one over the number of non-members says the least that can be seen.
 * Smaller rates, 0 too, stand at the edge.
 */
export function rocCurves(curves: readonly RocCurve[], { floor = 1e-3 }: { floor?: number } = {}): Picture {
  const values = curves.flatMap((curve) => rocPoints(curve, floor).map((point) => ({ ...point, attack: curve.name })));
  const decades = [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6].filter((rate) => rate >= floor);
  const axis = (field: 'fpr' | 'tpr', title: string) => ({
    field,
    type: 'quantitative' as const,
    title,
    scale: { type: 'log' as const, domain: [floor, 1], nice: false },
    axis: { values: decades, format: '~%' },
  });
  const all = [CHANCE, ...curves.map(({ name }) => name)];
  const legend = { title: null, orient: 'bottom', columns: 1, symbolType: 'stroke', symbolSize: 300 } as const;
  const encoding = {
    x: axis('fpr', 'others taken for members (FPR)'),
    y: axis('tpr', 'members found (TPR)'),
    color: { field: 'attack', type: 'nominal', scale: { domain: all, range: [COLOURS.ink, ...PALETTE] }, legend },
    strokeDash: { field: 'attack', type: 'nominal', scale: { domain: all, range: [[1, 2], ...DASHES] }, legend },
  } as const;
  const line = { type: 'line', strokeWidth: 1.8, aria: false, clip: true } as const;
  const chance = [floor, 1].map((rate) => ({ fpr: rate, tpr: rate, attack: CHANCE }));
  return picture({
    width: 380,
    height: 340,
    layer: [
      { data: { values: chance }, mark: line, encoding },
      // What no threshold has is not drawn: a curve rises where a threshold is.
      { data: { values }, mark: { ...line, interpolate: 'step-after' }, encoding },
    ],
  });
}

/** The points of a curve that a chart from `floor` to 1 shows apart, its first and last among them. */
export function rocPoints({ fpr, tpr }: Omit<RocCurve, 'name'>, floor: number): { fpr: number; tpr: number }[] {
  const kept: { fpr: number; tpr: number }[] = [];
  const far = (a: number, b: number) => Math.abs(Math.log10(a / b)) >= APART;
  fpr.forEach((rate, i) => {
    const point = { fpr: Math.max(floor, rate), tpr: Math.max(floor, tpr[i]) };
    const last = kept[kept.length - 1];
    if (!last || far(point.fpr, last.fpr) || far(point.tpr, last.tpr) || i === fpr.length - 1) kept.push(point);
  });
  return kept;
}
