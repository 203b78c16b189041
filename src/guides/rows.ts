// A function of one row at a time, compiled for a fixed batch, run over any number of rows.

import { constant, gather, input, type Shape, showShape, sizeOf, type Tensor } from '../graph/index.ts'
import { compile, type RuntimeOptions, type Step } from '../runtime/index.ts'

export interface RowProgram {
  /** The shape of one row. */
  shape: readonly number[]
  /** Rows of one run. */
  batch: number
  /** What rows are compared with: [T, …shape], one for all rows or one for each owner. */
  targets?: Targets
  /** rows [batch, …shape] and, where there are targets, [1 or batch, …] of them → outputs [batch, …]. */
  build(rows: Tensor, targets: Tensor): Readonly<Record<string, Tensor>>
}

export interface Targets {
  values: Float32Array
  /** Of one of them. */
  shape: readonly number[]
}

/** As many rows as fit into so many values (default: a million), from 1 to 256. */
export function batchFor(rowLength: number, room = 2 ** 20): number {
  return Math.max(1, Math.min(256, Math.floor(room / rowLength)))
}

export class RowFunction {
  /** The number of targets; 0: none. */
  readonly targets: number

  private constructor(
    private readonly program: RowProgram,
    private readonly step: Step,
    /** The shape of one row of every output. */
    readonly shapes: Readonly<Record<string, readonly number[]>>,
  ) {
    const { targets } = program
    this.targets = targets ? targets.values.length / sizeOf(targets.shape) : 0
  }

  static async open(program: RowProgram, runtime: RuntimeOptions = {}): Promise<RowFunction> {
    const { shape, batch, targets, build } = program
    const rows = input('rows', [batch, ...shape])
    const state: Record<string, { before: Tensor }> = {}
    let target: Tensor = constant(new Float32Array(1))
    if (targets) {
      const count = targets.values.length / sizeOf(targets.shape)
      const before = input('targets', [count, ...targets.shape])
      state.targets = { before }
      target = count === 1 ? before : gather(before, input('owners', [batch], 'int64'))
    }
    const outputs = build(rows, target)
    for (const [name, { shape, dtype }] of Object.entries(outputs))
      if (shape[0] !== batch || dtype !== 'float32')
        throw new Error(`${name}: ${dtype} ${showShape(shape)} is not float32, one row for each of ${batch}`)
    const step = await compile({ outputs, state }, runtime)
    if (targets) await step.write('targets', targets.values)
    const shapes = Object.entries(outputs).map(([name, x]) => [name, rowShape(x.shape)] as const)
    return new RowFunction(program, step, Object.fromEntries(shapes))
  }

  /**
   * Every output for every row. The last batch is filled up with zeros.
   *
   * @param values  [rows, …shape]
   * @param owners  [rows]: which target a row is compared with, where there are several
   */
  async run(values: Float32Array, owners?: ArrayLike<number>): Promise<Record<string, Float32Array>> {
    const { shape, batch } = this.program
    const length = sizeOf(shape)
    const count = values.length / length
    const results: Record<string, Float32Array> = {}
    for (const [name, each] of Object.entries(this.shapes))
      results[name] = new Float32Array(count * sizeOf(each))
    for (let start = 0; start < count; start += batch) {
      const rows = Math.min(batch, count - start)
      let data = values.subarray(start * length, (start + rows) * length)
      if (rows < batch) {
        data = new Float32Array(batch * length)
        data.set(values.subarray(start * length, count * length))
      }
      const feeds: Parameters<Step['run']>[0] = { rows: { data, shape: [batch, ...shape] } }
      const outputs = await this.step.run(
        this.targets > 1
          ? { ...feeds, owners: { data: this.owners(owners!, start, rows), shape: [batch] } }
          : feeds,
      )
      for (const [name, result] of Object.entries(results)) {
        const width = result.length / count
        result.set((outputs[name] as Float32Array).subarray(0, rows * width), start * width)
      }
    }
    return results
  }

  async close(): Promise<void> {
    await this.step.close()
  }

  private owners(owners: ArrayLike<number>, start: number, rows: number): BigInt64Array {
    const out = new BigInt64Array(this.program.batch)
    for (let i = 0; i < rows; i++) {
      const owner = owners[start + i]
      if (!(owner < this.targets))
        throw new Error(
          `there is a picture for each of ${this.targets} results, and none for result ${owner}`,
        )
      out[i] = BigInt(owner)
    }
    return out
  }
}

function rowShape(shape: Shape): readonly number[] {
  return shape.slice(1) as number[]
}
