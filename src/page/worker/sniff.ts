/** Files that are no CSV although they were dropped as one, told by their first bytes. */
import { VeilganError } from '../../base/errors.ts';
import { foreign } from '../../data/formats/foreign.ts';

/** @throws VeilganError DATA for an empty file, or one that its first bytes tell to be no CSV */
export async function checkFile(file: File): Promise<void> {
  if (file.size === 0) {
    throw new VeilganError('DATA', 'the file is empty: it has 0 bytes', {
      where: file.name,
      fix: 'Choose another one',
    });
  }
  const found = foreign(new Uint8Array(await file.slice(0, 8).arrayBuffer()));
  if (found)
    throw new VeilganError('DATA', `this is ${found.what}, not a CSV file`, { where: file.name, fix: found.fix });
}
