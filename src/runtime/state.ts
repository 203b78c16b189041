// The state of a step: named float32 tensors that it reads, and replaces when it has run.

import type { Tensor as OrtTensor } from 'onnxruntime-web'
import type { Tensors } from './backend.ts'

export interface StateSlot {
  name: string
  /** The input of the model that carries the value into the step. */
  feed: string
  /** The output that carries it out; absent where the step only reads it. */
  fetch?: string
  size: number
  dims: readonly number[]
}

/** Where state lives: in arrays here, or in the buffers of a GPU. */
export interface StateStore {
  /** The values before the step, by input. */
  feeds(): Tensors
  /** Where its results shall go, by output; null: wherever the engine likes. */
  fetches(): Record<string, OrtTensor | null>
  /** Moves on to the results of a step. */
  accept(results: Tensors): void
  read(slot: StateSlot): Promise<Float32Array>
  write(slot: StateSlot, values: Float32Array, offset: number): void
  release(): void
}

/**
 * State in typed arrays. Every accepted step brings new arrays and leaves the old ones as they were, so that an
 * array once read stays what it was. Tensors allocated beforehand for the results would save nothing:
 * onnxruntime-node 1.30 fills such a tensor but also returns a copy of it, and onnxruntime-web 1.30 on WASM
 * returns the given tensor unfilled.
 */
export class ArrayState implements StateStore {
  private readonly current = new Map<StateSlot, OrtTensor>()

  constructor(slots: readonly StateSlot[], Tensor: typeof OrtTensor) {
    for (const slot of slots)
      this.current.set(slot, new Tensor('float32', new Float32Array(slot.size), slot.dims))
  }

  feeds(): Tensors {
    const feeds: Tensors = {}
    for (const [{ feed }, tensor] of this.current) feeds[feed] = tensor
    return feeds
  }

  fetches(): Record<string, null> {
    const fetches: Record<string, null> = {}
    for (const { fetch } of this.current.keys()) if (fetch) fetches[fetch] = null
    return fetches
  }

  accept(results: Tensors) {
    for (const slot of this.current.keys()) if (slot.fetch) this.current.set(slot, results[slot.fetch])
  }

  async read(slot: StateSlot): Promise<Float32Array> {
    return this.values(slot)
  }

  write(slot: StateSlot, values: Float32Array, offset: number) {
    this.values(slot).set(values, offset)
  }

  release() {
    this.current.clear()
  }

  private values(slot: StateSlot): Float32Array {
    return this.current.get(slot)!.data as Float32Array
  }
}
