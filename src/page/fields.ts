/** The numbers of a plan as the form has them; what is wrong with one is told by the same names. */

import type { Plan } from './protocol.ts';

export interface NumberRow {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
  /** whether a step takes as long whatever it is */
  readonly light?: boolean;
}

export const planNumbers = {
  partitions: { label: 'Number of critics (K)', min: 2, max: 32, whole: true },
  epsilon: { label: 'The limit (epsilon)', min: 0.1, max: 100, light: true },
  steps: { label: 'How long', min: 10, max: 10_000_000, whole: true, light: true },
  batch: { label: 'Rows a lesson (batch size)', min: 1, max: 1024, whole: true },
  criticSteps: { label: 'Critic lessons a step', min: 1, max: 100, whole: true },
  rate: { label: 'Learning rate', min: 1e-6, max: 0.1, light: true },
  delta: { label: 'Delta', min: 1e-12, max: 0.01, light: true },
  clipNorm: { label: 'Clip norm', min: 0.001, max: 1000, light: true },
  seed: { label: 'Seed', min: 0, max: 4_294_967_295, whole: true, light: true },
} as const satisfies Partial<Record<keyof Plan, NumberRow>>;

export type PlanNumber = keyof typeof planNumbers;

/** Changes a plan that is being chosen. @param matters whether a step may take longer or shorter then */
export type Change = (fields: Partial<Plan>, matters?: boolean) => void;
