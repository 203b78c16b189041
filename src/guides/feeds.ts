// What the programs of an edit are fed, from its options and from what the program before gave.

import type { random } from '../data/rng.ts'
import { conditionShape } from '../ddn/condition.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'
import type { Feed } from '../runtime/index.ts'
import type { LinearGuide } from './guide.ts'
import { measuredShape } from './linear.ts'
import { noiseAt, type Plan } from './plan.ts'

/** What a program gives. */
export type Outputs = Record<string, Float32Array | Int32Array>

/** What a linear guide wants, for a batch of results: one for all, or each its own. */
export function wantedBy(guide: LinearGuide, { config }: Plan, count: number) {
  const shape = measuredShape(guide.measurement, config)
  const each = shape.reduce((a, b) => a * b)
  const { wanted, name } = guide
  const given = wanted.length / each
  if (given !== 1 && given !== count)
    throw new Error(
      `${name}: ${wanted.length} wanted values are neither one nor ${count} measurements of ${each}`,
    )
  const bad = wanted.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`${name}: wanted value ${bad} is ${wanted[bad]}`)
  return rowsOf(wanted, each, shape)
}

/** What a conditional network is told, for a batch of results. */
export async function conditionBy(model: DdnModel, { condition }: Conditional, count: number) {
  const { config } = model
  if (condition === undefined) {
    if (config.condition)
      throw new Error(
        `condition: this network is told ${config.condition.kind}; give it, as labels or images`,
      )
    return () => ({})
  }
  const values = await model.condition(condition, count)
  const shape = conditionShape(config.condition!, config)
  const rows = rowsOf(
    values,
    shape.reduce((a, b) => a * b),
    shape,
  )
  return (first: number, n: number) => ({ condition: rows(first, n) })
}

/** Rows first … first + n − 1 of values, the last one repeated beyond the end; a single row is everybody's. */
function rowsOf(values: Float32Array, each: number, shape: readonly number[]) {
  const last = values.length / each - 1
  return (first: number, n: number): Feed => {
    const data = new Float32Array(n * each)
    for (let i = 0; i < n; i++) {
      const row = Math.min(first + i, last)
      data.set(values.subarray(row * each, (row + 1) * each), i * each)
    }
    return { data, shape: [n, ...shape] }
  }
}

/** Random numbers for all choices of n results, result by result: those of the first do not depend on the count. */
export function noiseFor(plan: Plan, n: number, rng: ReturnType<typeof random>): Record<string, Feed> {
  const lengths = plan.layers.map((_, l) => noiseAt(plan, l))
  const feeds = lengths.map(length => ({
    data: new Float32Array(plan.batch * length).fill(0.5),
    shape: [plan.batch, length],
  }))
  for (let row = 0; row < n; row++)
    lengths.forEach((length, l) => {
      // In (0, 1), also once it is rounded to a float32.
      for (let i = 0; i < length; i++)
        feeds[l].data[row * length + i] = (Math.floor(rng.next() * 2 ** 23) + 0.5) / 2 ** 23
    })
  return Object.fromEntries(feeds.map((feed, l) => [`noise${l}`, feed]))
}

/** What a program hands over to the one that goes on at a layer. */
export function piecesFed(
  { pieces, batch, widths }: Plan,
  layer: number,
  outputs: Outputs,
): Record<string, Feed> {
  const fed: Record<string, Feed> = {}
  for (const [name, shape] of Object.entries(pieces[layer]))
    if (shape)
      fed[`${name}${layer}`] = { data: outputs[`${name}${layer}`], shape: [batch * widths[layer], ...shape] }
  return fed
}

/** The feeds that a program takes. */
export function only(feeds: Record<string, Feed>, names: readonly string[]): Record<string, Feed> {
  return Object.fromEntries(names.map(name => [name, feeds[name]]))
}
