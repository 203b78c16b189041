// Sizes that are known only when a graph runs, multiplied and divided: beside `'N'` there is `'4*N'`.

import type { Dim, Shape } from './tensor.ts'

/** A whole factor and the names multiplied with it, in order. */
interface Monomial {
  factor: number
  names: string[]
}

/** The product of sizes: a number, or a factor and names joined by `*`. The same product is the same text. */
export function product(dims: Shape): Dim {
  let factor = 1
  const names: string[] = []
  for (const dim of dims) {
    const part = parse(dim)
    factor *= part.factor
    names.push(...part.names)
  }
  if (!Number.isSafeInteger(factor))
    throw new Error(`the sizes [${dims.join(', ')}] are too large to multiply`)
  return write({ factor, names: names.sort() })
}

/** a / b where b divides a whatever the names stand for; null where that is not certain. */
export function quotient(a: Dim, b: Dim): Dim | null {
  const [over, under] = [parse(a), parse(b)]
  if (under.factor === 0 || over.factor % under.factor !== 0) return null
  const names = [...over.names]
  for (const name of under.names) {
    const at = names.indexOf(name)
    if (at < 0) return null
    names.splice(at, 1)
  }
  return write({ factor: over.factor / under.factor, names })
}

function parse(dim: Dim): Monomial {
  if (typeof dim === 'number') return { factor: dim, names: [] }
  let factor = 1
  const names: string[] = []
  for (const part of dim.split('*'))
    if (/^\d+$/.test(part)) factor *= Number(part)
    else names.push(part)
  return { factor, names }
}

function write({ factor, names }: Monomial): Dim {
  if (factor === 0 || names.length === 0) return factor
  return factor === 1 ? names.join('*') : `${factor}*${names.join('*')}`
}
