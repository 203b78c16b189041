// How far an image is from the nodes beside its own path: what a whole collection is ranked by, without its pixels.

import { layersOf } from '../ddn/config.ts'
import { weightedDistances } from '../ddn/layer.ts'
import type { DdnModel } from '../ddn/model.ts'
import { forward, type Selector } from '../ddn/network.ts'
import {
  add,
  areaPool,
  cast,
  input,
  mul,
  reduceMean,
  reshape,
  slice,
  square,
  sub,
  type Tensor,
  upsampleNearest,
} from '../graph/index.ts'
import { compile, type Program, type Step } from '../runtime/index.ts'

/** Asks a network for the distances to siblings. */
export class Siblings {
  private constructor(
    private readonly model: DdnModel,
    private readonly step: Step,
  ) {}

  static async open(model: DdnModel): Promise<Siblings> {
    return new Siblings(model, await compile(program(model), model.runtime))
  }

  /**
   * For an image x [c, s, s] and codes k_1 … k_n: d_lk = mean over the image's values of (x − up(x_lk))², where x_lk is
   * what layer l would show of the codes k_1 … k_{l−1}, k, and up makes a square of each of its pixels.
   *
   * @returns n arrays [K_l]
   */
  async of(image: Float32Array, codes: ArrayLike<number>): Promise<Float32Array[]> {
    const { config, layers } = this.model
    const path = new Int32Array(layers.length)
    path.set(Array.from(codes))
    const outputs = await this.step.run({
      image: { data: image, shape: [1, config.channels, config.size, config.size] },
      codes: { data: path, shape: [1, layers.length] },
    })
    return Array.from(codes, (_, l) =>
      // Rounding may leave a distance of 0 a little below.
      (outputs[`distances${l}`] as Float32Array).map(distance => Math.max(0, distance)),
    )
  }

  close(): Promise<void> {
    return this.step.close()
  }
}

/**
 * With P x the image area-averaged to the layer's size, what is lost by that is orthogonal to all that the layer can
 * show: mean (x − up(x_lk))² = mean (x − up(P x))² + mean (P x − x_lk)², and the latter is had for all k without their
 * images.
 */
function program({ config, layout, weights }: DdnModel): Program {
  const { channels, size } = config
  const image = input('image', [1, channels, size, size])
  const codes = input('codes', [1, layersOf(config).length], 'int32')
  const outputs: Record<string, Tensor> = {}
  const select: Selector = (spec, candidates) => {
    const factor = size / spec.size
    const small = areaPool(image, factor)
    const lost = reduceMean(square(sub(image, upsampleNearest(small, factor))))
    const distances = mul(weightedDistances(candidates, small, null), 1 / (channels * spec.size ** 2))
    outputs[`distances${spec.index}`] = add(distances, lost)
    return cast(reshape(slice(codes, 1, spec.index, spec.index + 1), [1]), 'int64')
  }
  forward(config, { parameters: layout.constants(weights), select, target: null, batch: codes })
  return { outputs }
}
