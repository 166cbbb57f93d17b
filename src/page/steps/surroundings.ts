/** What the page stands in: whether it can compute, and whether it works offline. */
import type { AdapterReport } from '../../gpu/index.ts';
import type { Remote } from '../remote.ts';
import { troubleOf } from '../trouble.ts';
import { h, put } from '../ui/dom.ts';

/** What this browser computes with; or why it cannot, and what to do about it. */
export type Machine =
  | { readonly ok: true; readonly adapter: AdapterReport }
  | { readonly ok: false; readonly why: string; readonly fix: string };

const BROWSERS =
  'Open it in an up-to-date Chrome or Edge, in Safari 26 or newer, or in Firefox 141 or newer on Windows. Where that does not help, switch hardware acceleration on in the settings of the browser.';

/** Finds out, with the worker's help; never throws. */
export async function machine(worker: Remote): Promise<Machine> {
  if (!isSecureContext) {
    return {
      ok: false,
      why: 'This page came over plain http, where browsers keep WebGPU, the way to the graphics card, locked.',
      fix: 'Open it over https, or run it on this computer with `npm run page`.',
    };
  }
  if (!('gpu' in navigator) || !navigator.gpu) {
    return { ok: false, why: 'This browser has no WebGPU, which the page trains with.', fix: BROWSERS };
  }
  try {
    return { ok: true, adapter: await worker.call('adapter', undefined) };
  } catch (error) {
    const { code, message } = troubleOf(error);
    const none = code === 'NO_ADAPTER' || code === 'WRONG_ADAPTER';
    const why = none
      ? 'This browser has WebGPU, but found no graphics card or driver that it can use.'
      : `This browser cannot train: ${message}.`;
    return { ok: false, why, fix: BROWSERS };
  }
}

/** Says above the steps where nothing can be trained; the rest of the page stays of use. */
export async function warnOfMachine(found: Promise<Machine>): Promise<void> {
  const state = await found;
  if (state.ok) return;
  const place = document.querySelector('#notices') as Element;
  place.append(
    h(
      'div.panel.care',
      { role: 'status' },
      h('p', h('strong', state.why), ' ', state.fix),
      h('p', 'You can still load a file here and look at its columns; training will not start.'),
    ),
  );
}

/** Keeps the page's own files, so that it opens without a network; says so once they are there. */
export async function startOffline(): Promise<void> {
  const place = document.querySelector('#offline') as Element;
  if (!('serviceWorker' in navigator) || !isSecureContext) return;
  try {
    await navigator.serviceWorker.register('./sw.js');
    await navigator.serviceWorker.ready;
    put(place, 'This page is now stored in your browser: switch your network off and go on, or come back without one.');
  } catch {
    // Private windows refuse it; the page works all the same.
  }
}
