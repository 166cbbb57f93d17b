/** A report is a list of typed blocks; this is the one place that turns them into HTML. Browser-safe. */
import type { Picture } from './charts/render.ts';
import { STYLE } from './style.ts';

/** A table cell: text; a main value with smaller notes under it; or two laws, as bars. */
export type Cell = string | { value: string; notes?: readonly string[]; mark?: 'bad' | 'good' } | Bars;

/** Shares of real rows as wide bars, and those of samples as narrow ones before them. */
export interface Bars {
  readonly real: readonly number[];
  readonly samples: readonly number[];
  /** what they show, for those who cannot see them */
  readonly alt: string;
}

/** What a box says by its colour: a fact, no guarantee, a broken promise, for the owner's eyes only. */
export type Tone = 'plain' | 'care' | 'bad' | 'owner';

export type Block =
  | { kind: 'heading'; text: string; level?: number }
  | { kind: 'paragraph'; text: string }
  | { kind: 'warning'; text: string }
  /** Terms and what they are; `dense` for many of few words. */
  | { kind: 'list'; items: readonly { term: string; text: string }[]; dense?: boolean }
  | { kind: 'points'; items: readonly string[] }
  | { kind: 'table'; columns: readonly string[]; rows: readonly (readonly Cell[])[]; caption?: string }
  | { kind: 'figure'; svg: string; caption: string; alt?: string }
  /** A picture of pixels, at its own size or as wide as the page allows. */
  | { kind: 'image'; png: Uint8Array; caption: string; alt: string }
  /** A box of its own, with a heading. */
  | { kind: 'panel'; tone: Tone; title: string; blocks: readonly Block[]; level?: number };

export interface Report {
  title: string;
  blocks: readonly Block[];
}

export const heading = (text: string, level = 2): Block => ({ kind: 'heading', text, level });
export const paragraph = (text: string): Block => ({ kind: 'paragraph', text });
export const warning = (text: string): Block => ({ kind: 'warning', text });
/** The corner above the names of rows is empty. */
export const table = (columns: readonly string[], rows: readonly (readonly Cell[])[], caption?: string): Block => ({
  kind: 'table',
  columns: ['', ...columns],
  rows,
  caption,
});
export const panel = (tone: Tone, title: string, blocks: readonly Block[]): Block => ({
  kind: 'panel',
  tone,
  title,
  blocks,
});

/** A chart; those who cannot see it are told what it is, and its caption. */
export const figure = async (chart: Picture, caption: string, what: string): Promise<Block> => ({
  kind: 'figure',
  svg: await chart.svg(),
  caption,
  alt: `${what}. ${caption}`,
});

/** Some blocks under a heading; nothing where there are none. */
export const section = (title: string, blocks: readonly Block[], level?: number): Block[] =>
  blocks.length ? [heading(title, level), ...blocks] : [];

/** Counts of a page, so that ids differ. */
interface Page {
  figures: number;
  tables: number;
}

/**
 * One self-contained page: no script, no network (a content security policy forbids both), pictures inline. All text is
 * escaped; only the `svg` of a figure is taken as it is and must be our own.
 */
export function renderReport({ title, blocks }: Report): string {
  const page = { figures: 0, tables: 0 };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${renderBlocks(blocks, page)}
</main>
</body>
</html>
`;
}

/** The same blocks as a part of a section: their headings one level lower, those of boxes too. */
export const nested = (blocks: readonly Block[]): Block[] =>
  blocks.map((block) => {
    if (block.kind === 'heading') return { ...block, level: (block.level ?? 2) + 1 };
    if (block.kind === 'panel') return { ...block, level: (block.level ?? 2) + 1, blocks: nested(block.blocks) };
    return block;
  });

/** Text for use between tags and inside quoted attributes. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

/** Text between tags: a number keeps its per cent sign on its line. */
const text = (plain: string): string => escapeHtml(plain).replace(/(\d) %/g, '$1\u00a0%');

const renderBlocks = (blocks: readonly Block[], page: Page): string =>
  blocks.map((block) => renderBlock(block, page)).join('\n');

function renderBlock(block: Block, page: Page): string {
  switch (block.kind) {
    case 'heading':
      return renderHeading(block.text, block.level);
    case 'paragraph':
      return `<p>${text(block.text)}</p>`;
    case 'warning':
      return `<p class="warning" role="alert">${text(block.text)}</p>`;
    case 'list': {
      const items = block.items.map((item) => `<div><dt>${text(item.term)}</dt><dd>${text(item.text)}</dd></div>`);
      return `<dl${block.dense ? ' class="dense"' : ''}>${items.join('')}</dl>`;
    }
    case 'points':
      return `<ul>${block.items.map((item) => `<li>${text(item)}</li>`).join('')}</ul>`;
    case 'table': {
      // The corner above the names of rows is no heading.
      const head = block.columns.map((name) => (name ? `<th scope="col">${text(name)}</th>` : '<td></td>'));
      const rows = block.rows.map((row) => `<tr>${row.map(renderCell).join('')}</tr>`).join('\n');
      // Where it is too wide it scrolls, by the keyboard too, and the caption stays.
      const id = `t${page.tables++}`;
      const [says, caption] = block.caption
        ? [` aria-describedby="${id}"`, `\n<p class="caption" id="${id}">${text(block.caption)}</p>`]
        : ['', ''];
      return `<div class="wide" tabindex="0"><table${says}><thead><tr>${head.join('')}</tr></thead>
<tbody>${rows}</tbody></table></div>${caption}`;
    }
    case 'figure': {
      const [caption, alt] = [text(block.caption), escapeHtml(block.alt ?? block.caption)];
      const svg = ownIds(block.svg, `f${page.figures++}-`);
      const wide = widthOf(svg) > CHART ? ' class="wide" tabindex="0"' : '';
      return `<figure><div role="img" aria-label="${alt}"${wide}>${upTo(svg)}</div>
<figcaption>${caption}</figcaption></figure>`;
    }
    case 'image': {
      const [caption, alt] = [text(block.caption), escapeHtml(block.alt)];
      const source = `data:image/png;base64,${base64(block.png)}`;
      return `<figure><img src="${source}" alt="${alt}"><figcaption>${caption}</figcaption></figure>`;
    }
    case 'panel':
      return `<section class="panel ${block.tone}">
${renderHeading(block.title, block.level)}
${renderBlocks(block.blocks, page)}
</section>`;
  }
}

const renderHeading = (words: string, level = 2): string => `<h${level}>${text(words)}</h${level}>`;

/** The first cell of a row names it. */
function renderCell(cell: Cell, column: number): string {
  if (typeof cell !== 'string' && 'alt' in cell) return `<td>${renderBars(cell)}</td>`;
  const { value, notes = [], mark } = typeof cell === 'string' ? { value: cell } : cell;
  const small = notes.map((note) => `<small>${text(note)}</small>`).join('');
  const kind = mark ? ` class="${mark}"` : '';
  const inside = `${text(value)}${small}`;
  return column === 0 ? `<th scope="row"${kind}>${inside}</th>` : `<td${kind}>${inside}</td>`;
}

/** Height of a cell's bars, and of each bar's place, in pixels. */
const BARS = { height: 34, place: 11 } as const;

function renderBars({ real, samples, alt }: Bars): string {
  const { height, place } = BARS;
  const most = Math.max(1e-9, ...real, ...samples);
  const bars = (shares: readonly number[], kind: string, width: number) =>
    shares.map((share, i) => {
      const tall = Number(((share / most) * (height - 1)).toFixed(1));
      const x = i * place + (place - 1 - width) / 2;
      return `<rect class="${kind}" x="${x}" y="${(height - tall).toFixed(1)}" width="${width}" height="${tall}"/>`;
    });
  const width = place * Math.max(1, real.length) - 1;
  const all = [...bars(real, 'real', place - 1), ...bars(samples, 'made', 5)].join('');
  return `<svg class="bars" role="img" aria-label="${escapeHtml(alt)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${all}</svg>`;
}

/** Pictures on one page share one space of ids: each gets its own prefix. */
function ownIds(svg: string, prefix: string): string {
  return svg
    .replace(/(<[^>]*?\sid=")([^"]+)"/g, (_, before: string, id: string) => `${before}${prefix}${id}"`)
    .replace(/="url\(#([^)]+)\)"/g, (_, id: string) => `="url(#${prefix}${id})"`)
    .replace(/href="#([^"]+)"/g, (_, id: string) => `href="#${prefix}${id}"`);
}

/** Widest that a chart is drawn, in pixels, unless it was made for more. */
const CHART = 560;

const widthOf = (svg: string): number => Number(/^<svg\b[^>]*?\swidth="(\d+)/.exec(svg)?.[1] ?? 0);

/** A chart grows with the page up to a readable width; narrow pages shrink it, and scroll one that was made wider. */
const upTo = (svg: string): string =>
  svg.replace(/^<svg\b/, `<svg style="max-width:${Math.max(CHART, widthOf(svg))}px"`);

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
