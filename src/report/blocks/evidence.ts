/** The parts of a report that looked at real records: attacks, quality, pictures beside them, partitions. */

import { isFit } from '../../gan/systems.ts';
import type { Measured } from '../facts.ts';
import { type Block, type Cell, heading, paragraph, section, table } from '../html.ts';
import { formatNumber } from '../numbers.ts';
import { qualityReadings, qualityRow, shares } from '../readings.ts';
import { readingCell } from '../summary.ts';
import { attackBlocks } from './attacks.ts';
import { columnBlocks, targetSentence } from './columns.ts';
import { tableBlocks } from './tables.ts';

/** The headings, tables and charts of what was measured. @param system of the run: without critics there are no partitions */
export async function measuredBlocks(measured: Measured, system: string): Promise<Block[]> {
  return [
    ...(await attackBlocks(measured)),
    ...(await qualityBlocks(measured)),
    ...measured.pictures,
    ...(isFit(system) ? [] : partitionBlocks(measured)),
  ];
}

async function qualityBlocks({ quality, against }: Measured): Promise<Block[]> {
  const { metrics, real } = quality;
  const readings = qualityReadings(metrics, real);
  const rows = Object.entries(metrics).flatMap(([key, value]): Cell[][] => {
    if (value === undefined) return [];
    const { title, meaning } = qualityRow(key);
    if (!Array.isArray(value)) return [[title, readingCell(readings.find(({ row }) => row.name === key)), meaning]];
    const best = real?.[key];
    const notes = Array.isArray(best) ? [`real rows: ${shares(best)}`] : [];
    return [[title, { value: shares(value), notes }, meaning]];
  });
  const caption = `Released samples against ${against}${real ? '. "real rows": training rows in the place of samples, which is the best that samples can do' : ''}.`;
  const sentence = targetSentence(quality);
  const columns = [...(await tableBlocks(quality)), ...(await columnBlocks(quality))];
  const all = table(['samples', 'meaning'], rows, caption);
  return [
    heading('Quality of the samples'),
    ...(sentence ? [paragraph(sentence)] : []),
    ...(columns.length ? [...columns, ...section('All measures', [all], 3)] : [all]),
  ];
}

function partitionBlocks({ partitions, leftOver }: Measured): Block[] {
  const sizes = [...new Set(partitions)];
  const left = leftOver ? ` ${formatNumber(leftOver)} rows are in none: no critic saw them.` : '';
  const text =
    partitions.length === 1
      ? `One critic saw all ${formatNumber(partitions[0])} training rows.`
      : sizes.length === 1
        ? `${partitions.length} critics, ${formatNumber(sizes[0])} training rows each.`
        : `${partitions.length} critics, with ${partitions.map((n) => formatNumber(n)).join(', ')} training rows.`;
  return section('Partitions of the training rows', [paragraph(text + left)]);
}
