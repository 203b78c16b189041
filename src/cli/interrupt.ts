// Ctrl-C: the first asks to end cleanly, the second ends at once.

/** Exit codes of a shell for what a signal ended. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const

export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** The exit code of that signal, or 0. */
  readonly code: number
  /** Signals do again what they usually do. */
  dispose(): void
}

export function onInterrupt(notice: () => void): Interrupt {
  const controller = new AbortController()
  let code = 0
  const handlers = Object.entries(codes).map(([name, exit]) => {
    const handler = () => {
      if (controller.signal.aborted) return process.exit(exit)
      code = exit
      controller.abort()
      notice()
    }
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  return {
    signal: controller.signal,
    get code() {
      return code
    },
    dispose: () => {
      for (const off of handlers) off()
    },
  }
}
