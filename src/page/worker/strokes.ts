/** The ten digits as strokes of a pen, in a square from (0, 0) at the top left to (1, 1). */

type Stroke = readonly (readonly [x: number, y: number])[];

/** A piece of an ellipse around (x, y), in turns: from 0 at the right, clockwise, 0.25 at the bottom. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  const n = Math.max(3, Math.ceil(14 * Math.abs(to - from)));
  return Array.from({ length: n + 1 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / n);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const;
  });
}

export const DIGITS: readonly (readonly Stroke[])[] = [
  [arc(0.5, 0.5, 0.42, 0.5, 0, 1)],
  [
    [
      [0.25, 0.2],
      [0.55, 0],
      [0.55, 1],
    ],
  ],
  [[...arc(0.5, 0.27, 0.38, 0.27, -0.5, 0.08), [0.1, 1], [0.95, 1]]],
  [arc(0.45, 0.25, 0.4, 0.25, -0.42, 0.25), arc(0.45, 0.75, 0.45, 0.25, -0.25, 0.42)],
  [
    [
      [0.65, 0],
      [0.05, 0.65],
      [0.95, 0.65],
    ],
    [
      [0.7, 0.3],
      [0.7, 1],
    ],
  ],
  [
    [
      [0.85, 0],
      [0.2, 0],
      [0.15, 0.45],
    ],
    [[0.15, 0.45], ...arc(0.45, 0.68, 0.42, 0.32, -0.3, 0.42)],
  ],
  [[[0.7, 0], [0.25, 0.35], ...arc(0.5, 0.7, 0.38, 0.3, 0.5, 1.5)]],
  [
    [
      [0.1, 0],
      [0.9, 0],
      [0.4, 1],
    ],
  ],
  [arc(0.5, 0.25, 0.34, 0.25, 0, 1), arc(0.5, 0.75, 0.42, 0.25, 0, 1)],
  [[...arc(0.5, 0.3, 0.38, 0.3, 0, 1), [0.8, 1]]],
];
