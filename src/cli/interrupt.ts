// Ctrl-C: the first asks to end cleanly, the second ends at once.

import type { Progress } from './progress.ts'

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

/**
 * Does what Ctrl-C may end: it is told by the signal, and what it then throws is not complained of, for it has nothing to
 * show yet. The exit code is that of the signal.
 */
export async function stoppable(
  progress: Pick<Progress, 'note' | 'end'>,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = onInterrupt(() => progress.note('Stopping.'))
  try {
    await work(interrupt.signal)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
  } finally {
    progress.end()
    interrupt.dispose()
    if (interrupt.code) process.exitCode = interrupt.code
  }
}
