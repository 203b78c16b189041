// The models that can compress here: those that come with Coppice, and the runs of this machine.

import type { RunFacts } from '../../../server/runs.ts'

export interface Choice {
  /** As the address has it. */
  value: string
  title: string
}

export const shipped: readonly Choice[] = [
  { value: 'digits', title: 'digits: grey, 126 bits' },
  { value: 'emoji', title: 'emoji: colour, 126 bits' },
  { value: 'tree', title: 'tree: grey, 9 bits' },
]

/** None where there is no list: a page without a server. */
export async function runs(page: string): Promise<Choice[]> {
  const response = await fetch(new URL('api/runs.json', page)).catch(() => null)
  if (!response?.ok) return []
  const facts: RunFacts[] = await response.json().catch(() => [])
  return facts
    .filter(({ family, files }) => family === 'ddn' && files.model)
    .map(({ name, bits }) => ({ value: `run:${name}`, title: `run ${name}: ${bits} bits` }))
}
