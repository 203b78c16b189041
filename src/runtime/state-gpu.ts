// State that stays in a GPU's memory: two buffers for what a step changes, which change places after every step.

import type { Tensor as OrtTensor } from 'onnxruntime-web'
import type { Tensors } from './backend.ts'
import type { StateSlot, StateStore } from './state.ts'

// WebGPU's types are in TypeScript's DOM library, these two of its values are not.
declare const GPUBufferUsage: Record<'STORAGE' | 'COPY_SRC' | 'COPY_DST' | 'MAP_READ', number>
declare const GPUMapMode: Record<'READ', number>

interface Place {
  buffer: GPUBuffer
  tensor: OrtTensor
}

/** Values cross over to the GPU in `write` and back in `read` only; the step itself moves none. */
export class GpuState implements StateStore {
  private readonly current = new Map<StateSlot, Place>()
  private readonly next = new Map<StateSlot, Place>()

  constructor(
    slots: readonly StateSlot[],
    Tensor: typeof OrtTensor,
    private readonly device: GPUDevice,
  ) {
    const place = ({ size, dims }: StateSlot): Place => {
      const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage
      // New buffers are zero.
      const buffer = device.createBuffer({ size: bytes(size), usage: STORAGE | COPY_SRC | COPY_DST })
      return { buffer, tensor: Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims }) }
    }
    for (const slot of slots) {
      this.current.set(slot, place(slot))
      if (slot.fetch) this.next.set(slot, place(slot))
    }
  }

  feeds(): Tensors {
    const feeds: Tensors = {}
    for (const [{ feed }, { tensor }] of this.current) feeds[feed] = tensor
    return feeds
  }

  fetches(): Tensors {
    const fetches: Tensors = {}
    for (const [{ fetch }, { tensor }] of this.next) fetches[fetch!] = tensor
    return fetches
  }

  accept() {
    for (const [slot, after] of this.next) {
      this.next.set(slot, this.current.get(slot)!)
      this.current.set(slot, after)
    }
  }

  async read(slot: StateSlot): Promise<Float32Array> {
    const size = bytes(slot.size)
    const { COPY_DST, MAP_READ } = GPUBufferUsage
    const staging = this.device.createBuffer({ size, usage: COPY_DST | MAP_READ })
    try {
      const encoder = this.device.createCommandEncoder()
      encoder.copyBufferToBuffer(this.current.get(slot)!.buffer, 0, staging, 0, size)
      this.device.queue.submit([encoder.finish()])
      await staging.mapAsync(GPUMapMode.READ)
      return new Float32Array(staging.getMappedRange().slice(0, 4 * slot.size))
    } finally {
      staging.destroy()
    }
  }

  write(slot: StateSlot, values: Float32Array, offset: number) {
    this.device.queue.writeBuffer(
      this.current.get(slot)!.buffer,
      4 * offset,
      values as Float32Array<ArrayBuffer>,
    )
  }

  release() {
    for (const places of [this.current, this.next]) {
      for (const { buffer } of places.values()) buffer.destroy()
      places.clear()
    }
  }
}

/** The size of a buffer for float32 values; ONNX Runtime copies whole pieces of 16 bytes. */
function bytes(size: number): number {
  return 16 * Math.max(1, Math.ceil(size / 4))
}
