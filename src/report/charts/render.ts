/** A Vega-Lite chart as SVG, without display, fonts, network or `eval`: in Node and in a page the same. */
import type { TopLevelSpec } from 'vega-lite';
import { config } from './theme.ts';

/** A picture that is drawn when it is first asked for, and then kept. */
export interface Picture {
  svg(): Promise<string>;
}

/** Mean advance of a DejaVu Sans character as a share of the font size; without a canvas Vega assumes 0.8. */
const CHARACTER_WIDTH = 0.6;

/** The chart of `spec`; Vega is loaded only when it is drawn. */
export function picture(spec: TopLevelSpec): Picture {
  let svg: Promise<string> | undefined;
  return { svg: () => (svg ??= drawSvg(spec)) };
}

async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, { compile }, { expressionInterpreter }] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-interpreter'),
  ]);
  // Vega's own switch for this (vega-scenegraph, util/text.js), which its type declarations leave out.
  const { textMetrics } = vega as unknown as {
    textMetrics: { width: (item: { fontSize?: number }, text: unknown) => number };
  };
  textMetrics.width = (item, text) => `${text ?? ''}`.length * (item.fontSize ?? 11) * CHARACTER_WIDTH;
  const compiled = compile(spec, { config: config() }).spec;
  const loader = { ...vega.loader(), load: () => Promise.reject(new Error('a chart has no data outside itself')) };
  // Vega would make functions of the text of expressions, which a page's content security policy forbids.
  const runtime = vega.parse(compiled, undefined, { ast: true });
  const view = new vega.View(runtime, { renderer: 'none', loader, expr: expressionInterpreter });
  try {
    return compact(await view.toSVG());
  } finally {
    view.finalize();
  }
}

const CIRCLE = /<path transform="translate\(([^,")]+),([^,")]+)\)" d="M([\d.]+),0A[^"]*"([^>]*)\/>/g;

/**
 * The same picture in fewer bytes: coordinates to a hundredth of a pixel, and dots as circles instead of paths (a
 * scatter shrinks to a third). Clip paths are numbered from 0, so that equal charts are equal bytes.
 */
function compact(svg: string): string {
  const round = (number: string) => `${Math.round(Number(number) * 100) / 100}`;
  const clips = new Map<string, number>();
  return svg
    .replace(/\b(transform|d)="([^"]*)"/g, (_, name: string, value: string) => {
      return `${name}="${value.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, round)}"`;
    })
    .replace(CIRCLE, (_, x: string, y: string, r: string, rest: string) => {
      const paint = rest.includes(' stroke=') ? rest : rest.replace(/ stroke-width="[^"]*"/, '');
      return `<circle cx="${x}" cy="${y}" r="${r}"${paint}/>`;
    })
    .replace(/(id="|url\(#)clip(\d+)(?=["'),])/g, (_, before: string, number: string) => {
      if (!clips.has(number)) clips.set(number, clips.size);
      return `${before}clip${clips.get(number)}`;
    });
}
