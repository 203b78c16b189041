// Paths as people write them: codes with commas.

/** The codes of a text such as `3,17,5`; commas, spaces and dots are alike. Throws where it is no node's path. */
export function parsePath(text: string, K: readonly number[]): number[] {
  const words = text.split(/[\s,;·.›]+/).filter(word => word !== '')
  const bad = words.find(word => !/^\d{1,6}$/.test(word))
  if (bad !== undefined)
    throw new Error(`“${bad.slice(0, 20)}” is no code: write numbers with commas, as in 3,17,5.`)
  const path = words.map(Number)
  if (path.length > K.length)
    throw new Error(`These are ${path.length} codes; an image of this model has ${K.length}.`)
  const wrong = path.findIndex((code, layer) => code >= K[layer])
  if (wrong >= 0)
    throw new Error(
      `${path[wrong]} is no code of layer ${wrong + 1}: this model has the codes 0 to ${K[wrong] - 1} there.`,
    )
  return path
}

export function writePath(path: readonly number[]): string {
  return path.join(',')
}

/** `3 · 17 · 5`, as it is shown. */
export function showPath(path: readonly number[]): string {
  return path.length ? path.join(' · ') : 'Root'
}

/** Bits of the choices that lead to a node, all codes being alike: Σ log₂ K. */
export function bitsTo(depth: number, K: readonly number[]): number {
  return K.slice(0, depth).reduce((sum, k) => sum + Math.log2(k), 0)
}

/** Codes that a strip of new pictures keeps: those asked for, as far as the node has them, and never all. */
export function keptOf(below: number, depth: number, layers: number): number {
  return Math.min(below, depth, layers - 1)
}
