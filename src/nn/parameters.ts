// Parameters by name: a network asks for them, and someone else decides where their values live.

import type { Rng } from '../data/rng.ts'
import { constant, reshape, sizeOf, split, type Tensor } from '../graph/index.ts'
import { backend } from '../runtime/index.ts'

/** How a parameter starts: normal with a standard deviation, or one value. */
export type Initialiser = { normal: number } | { value: number }

export interface ParameterSpec {
  name: string
  shape: readonly number[]
  init: Initialiser
}

/** What a network's builder calls for each parameter; the same name is the same parameter. */
export type Parameters = (name: string, shape: readonly number[], init: Initialiser) => Tensor

/** All parameters in one vector: the layout in which a network is trained and stored. */
export class Layout {
  readonly specs: ParameterSpec[] = []
  readonly offsets = new Map<string, number>()
  size = 0

  /** The layout of everything that `build` asks for. */
  static of(build: (parameters: Parameters) => unknown): Layout {
    const layout = new Layout()
    build((name, shape, init) => {
      const known = layout.specs.find(spec => spec.name === name)
      if (known && String(known.shape) !== String(shape))
        throw new Error(`parameter ${name} is asked for as [${known.shape}] and as [${shape}]`)
      // Asked for again, it is shared.
      if (known) return constant(new Float32Array(sizeOf(shape)), shape)
      layout.specs.push({ name, shape, init })
      layout.offsets.set(name, layout.size)
      layout.size += sizeOf(shape)
      return constant(new Float32Array(sizeOf(shape)), shape)
    })
    return layout
  }

  /** The slices of a symbolic vector [size], made by one operator in Node, and by few small ones in browsers. */
  view(vector: Tensor): Parameters {
    const parts = splitInTurn(
      vector,
      this.specs.map(spec => sizeOf(spec.shape)),
      // A WebGPU shader writes no more than ten buffers. More operators take more memory, so Node has one.
      backend.name === 'web' ? 8 : Infinity,
    )
    const byName = new Map(this.specs.map((spec, i) => [spec.name, reshape(parts[i], spec.shape)]))
    return name => byName.get(name)!
  }

  /** The values of a vector as constants of the graph. */
  constants(vector: Float32Array): Parameters {
    return (name, shape) => constant(this.slice(vector, name).slice(), shape as number[])
  }

  /** The part of a vector that holds one parameter, not a copy. */
  slice(vector: Float32Array, name: string): Float32Array {
    const offset = this.offsets.get(name)
    const spec = this.specs.find(s => s.name === name)
    if (offset === undefined || !spec) throw new Error(`no parameter ${name}`)
    return vector.subarray(offset, offset + sizeOf(spec.shape))
  }

  /** Makes row `to` of a parameter [rows, …] a copy of row `from`, in a vector. */
  copyRow(vector: Float32Array, name: string, from: number, to: number) {
    const rows = this.slice(vector, name)
    const width = rows.length / this.specs.find(spec => spec.name === name)!.shape[0]
    rows.copyWithin(to * width, from * width, (from + 1) * width)
  }

  /** A fresh vector. */
  initialise(rng: Rng): Float32Array {
    const vector = new Float32Array(this.size)
    for (const { name, init } of this.specs) {
      const part = this.slice(vector, name)
      if ('value' in init) part.fill(init.value)
      else for (let i = 0; i < part.length; i++) part[i] = init.normal * rng.normal()
    }
    return vector
  }
}

/** A split into parts of these sizes by operators with at most `most` outputs each, in as many levels as that takes. */
function splitInTurn(vector: Tensor, sizes: readonly number[], most: number): Tensor[] {
  if (sizes.length <= most) return split(vector, sizes, 0)
  const each = Math.ceil(sizes.length / most)
  const groups = Array.from({ length: Math.ceil(sizes.length / each) }, (_, i) =>
    sizes.slice(i * each, (i + 1) * each),
  )
  const parts = split(
    vector,
    groups.map(group => group.reduce((a, b) => a + b)),
    0,
  )
  return parts.flatMap((part, i) => splitInTurn(part, groups[i], most))
}

/** He's initialisation for a fan-in: standard deviation √(gain / fanIn). Source: arXiv 1502.01852. */
export function he(fanIn: number, gain = 1): Initialiser {
  return { normal: Math.sqrt(gain / fanIn) }
}
