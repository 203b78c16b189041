// The valid name that someone probably meant.

/** The name with the fewest edits to `word`, or null where none is near. */
export function nearestName(word: string, names: readonly string[]): string | null {
  const given = word.toLowerCase()
  let best: string | null = null
  let least = Infinity
  for (const name of names) {
    const known = name.toLowerCase()
    // A beginning is as good as a slip of the finger.
    const far = given.length > 1 && known.startsWith(given) ? 1 : edits(given, known)
    if (far < least) {
      least = far
      best = name
    }
  }
  return least <= Math.max(2, Math.floor(word.length / 2)) ? best : null
}

/** `; did you mean mixer? Valid are residual, mixer`, or as much of it as can be said. */
export function suggestion(word: string, names: readonly string[]): string {
  const near = nearestName(word, names)
  return `${near === null ? '' : `; did you mean ${near}?`}${near === null ? '; valid are' : ' Valid are'} ${names.join(', ')}`
}

/** Levenshtein's distance, an exchange of neighbours counting once. */
function edits(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j], before[j - 2] + 1)
    }
    before = row
    row = next
  }
  return row[b.length]
}
