// Long work in a worker that still hears.

/** Lets messages in, such as a stop. A timer would wait four milliseconds. */
export function breath(): Promise<void> {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
