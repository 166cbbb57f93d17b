/** The service worker: keeps this build's files, so that the page opens without a network. It never sees data. */

/** What the types of a page do not know of a service worker. */
interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** The build's files by name, and what tells this build from others. */
declare const FILES: readonly string[];
declare const BUILD: string;

const PREFIX = 'veilgan-page-';
const NAME = PREFIX + BUILD;

addEventListener('install', (event) => {
  const keep = async () => (await caches.open(NAME)).addAll(['./', ...FILES]);
  (event as Extendable).waitUntil(keep());
});

addEventListener('activate', (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
  };
  (event as Extendable).waitUntil(tidy());
});

addEventListener('fetch', (event) => {
  const { request, respondWith } = event as Fetching;
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return;
  respondWith.call(event, request.mode === 'navigate' ? newest(request) : kept(request));
});

/** The page itself from the network, so that a new build is seen; from the store where there is none. */
async function newest(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const page = await caches.match('./', { ignoreSearch: true });
    if (page) return page;
    throw error;
  }
}

/** Its other files have names that follow from what they hold. */
const kept = async (request: Request): Promise<Response> => (await caches.match(request)) ?? fetch(request);
