// Called by a static site's page: where the host cannot send the headers of cross-origin isolation, without which no
// memory is shared between threads, a service worker adds them, and the page is loaded once more, through it.

;(async () => {
  const reloaded = 'isolation-reloaded'
  try {
    if (crossOriginIsolated) return sessionStorage.removeItem(reloaded)
    // Missing where the page came without https.
    if (!navigator.serviceWorker) return
    await navigator.serviceWorker.register('isolation-worker.js')
    await navigator.serviceWorker.ready
    // Once, for a browser may not isolate a page this way.
    if (sessionStorage.getItem(reloaded)) return
    sessionStorage.setItem(reloaded, 'yes')
    location.reload()
  } catch {
    // Not allowed here: the studio works with one thread.
  }
})()
