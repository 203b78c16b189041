// A service worker that keeps nothing: it adds to every answer the headers that isolate the page.

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

addEventListener('install', () => skipWaiting())

addEventListener('activate', event => event.waitUntil(clients.claim()))

addEventListener('fetch', event => {
  const { request } = event
  if (new URL(request.url).origin !== location.origin) return
  // What developer tools ask of the cache alone cannot be fetched.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return
  event.respondWith(fetch(request).then(isolated))
})

function isolated(response) {
  // A redirection that the browser follows itself; nothing of it can be read.
  if (response.status === 0) return response
  const all = new Headers(response.headers)
  for (const [name, value] of Object.entries(headers)) all.set(name, value)
  return new Response(response.body, {
    status: response.status,
    statusText: response.statusText,
    headers: all,
  })
}
