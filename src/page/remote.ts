/** The main thread's end of the line to the worker. */
import { VeilganError } from '../base/errors.ts';
import type { CallName, Calls, News, Told } from './protocol.ts';
import { errorOf } from './trouble.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: VeilganError) => void;
}

export class Remote {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  readonly #listeners = new Set<(news: News) => void>();

  constructor() {
    this.#worker = this.#begin();
  }

  /** Hears what the worker says unasked, until the function that comes back is called. */
  listen(listener: (news: News) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * The worker starts from a blob that imports it: such a worker is under the content security policy of the page,
   * whereas one started from its address would be under none.
   */
  #begin(): Worker {
    const address = new URL(document.body.dataset.worker as string, location.href).href;
    const blob = new Blob([`import ${JSON.stringify(address)};`], { type: 'text/javascript' });
    const url = URL.createObjectURL(blob);
    const worker = new Worker(url, { type: 'module', name: 'veilgan' });
    worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
      URL.revokeObjectURL(url);
      this.#heard(data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      const message = event.message || 'its part that computes did not start';
      this.#abandon(
        new VeilganError('VALIDATION', `the page failed: ${message}`, {
          fix: 'Reload the page and choose the file again',
        }),
      );
    });
    return worker;
  }

  #heard(told: Told): void {
    if ('news' in told) {
      for (const listener of this.#listeners) listener(told);
      return;
    }
    const waiting = this.#waiting.get(told.id);
    this.#waiting.delete(told.id);
    if (!waiting) return;
    if ('gives' in told) waiting.resolve(told.gives as never);
    else waiting.reject(errorOf(told.trouble));
  }

  #abandon(error: VeilganError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Asks the worker. @throws VeilganError what the worker threw */
  call<C extends CallName>(call: C, takes: Calls[C]['takes']): Promise<Calls[C]['gives']> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, takes });
    });
  }
}
