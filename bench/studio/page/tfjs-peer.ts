// The forward pass of the same network in TensorFlow.js, from the same weights: what `Subject.encode` computes.
//
// Written for its WASM backend: images are [N, H, W, C], as its kernels (XNNPACK) want them; means over pixels are
// poolings, and everything that follows from the weights alone is computed once. There are no losses.

import { type DdnConfig, type LayerSpec, layersOf } from '../../../src/ddn/config.ts'
import { layoutOf } from '../../../src/ddn/program.ts'
import { config, type Encoded } from '../subject.ts'
import type { Tensor, TensorFlow } from './tfjs.ts'

export class TfjsPeer {
  private constructor(
    private readonly tf: TensorFlow,
    private readonly images: Tensor,
    private readonly network: (images: Tensor) => Tensor,
  ) {}

  /** @param images  [N, 1, 32, 32] in [−1, 1] */
  static async open(
    threads: number,
    weights: Float32Array,
    images: Float32Array,
  ): Promise<{ peer: TfjsPeer; engine: string }> {
    const { tf } = globalThis as unknown as { tf: TensorFlow }
    // It takes no more threads than half of the cores that the browser tells it of.
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads })
    tf.wasm.setWasmPaths('tfjs/')
    tf.wasm.setThreadsCount(threads)
    await tf.setBackend('wasm')
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')
    const threaded = await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')
    const actual = tf.wasm.getThreadsCount()
    if (!simd || !threaded || actual !== threads)
      throw new Error(
        `TensorFlow.js: SIMD ${simd}, threads ${threaded}, and ${actual} of them, not ${threads}`,
      )
    const { size } = config.network
    // One channel: [N, 1, H, W] and [N, H, W, 1] are the same numbers.
    const input = tf.tensor(images, [images.length / size ** 2, size, size, 1])
    const peer = new TfjsPeer(tf, input, networkOf(tf, config.network, weights))
    const engine = `${tf.getBackend()} with SIMD, ${actual} threads`
    return { peer, engine }
  }

  async encode(times: number): Promise<Encoded> {
    const milliseconds: number[] = []
    let codes: Int32Array = new Int32Array()
    for (let i = 0; i < times; i++) {
      const started = performance.now()
      const result = this.tf.tidy(() => this.network(this.images))
      codes = (await result.data()) as Int32Array
      milliseconds.push(performance.now() - started)
      result.dispose()
    }
    return { milliseconds, codes }
  }
}

/** Images [N, s, s, 1] to codes [N, L]: see src/ddn/network.ts, blocks.ts and layer.ts for the formulas. */
function networkOf(tf: TensorFlow, config: DdnConfig, vector: Float32Array): (images: Tensor) => Tensor {
  const layout = layoutOf(config)
  const valuesOf = (name: string) => layout.slice(vector, name)
  const shapeOf = (name: string) => layout.specs.find(spec => spec.name === name)!.shape
  const layers = layersOf(config).map(spec => layerOf(spec))
  const { grid, width } = config.stages[0]
  const start = tf.transpose(tf.tensor(valuesOf('start'), [1, width, grid, grid]), [0, 2, 3, 1])

  return images => {
    const n = images.shape[0]
    let features = tf.tile(start, [n, 1, 1, 1])
    let image: Tensor | null = null
    const codes: Tensor[] = []
    for (const layer of layers) {
      const next = layer(features, image, images)
      features = next.features
      image = next.image
      codes.push(next.index)
    }
    return tf.stack(codes, 1)
  }

  /** A kernel [out, in, h, w] as [h, w, in, out]; null where the network has none of this name. */
  function kernelOf(name: string): Tensor | null {
    if (!layout.offsets.has(name)) return null
    return tf.transpose(tf.tensor(valuesOf(name), shapeOf(name)), [2, 3, 1, 0])
  }

  /** x ↦ SiLU(groupNorm(x)); the means over groups are products with a constant [C, C]. */
  function normOf(name: string): (x: Tensor) => Tensor {
    const [channels] = shapeOf(`${name}.weight`)
    const each = channels / Math.min(config.groups, channels)
    const same = (i: number, j: number) => (Math.floor(i / each) === Math.floor(j / each) ? 1 / each : 0)
    const grouping = tf.tensor(
      Float32Array.from({ length: channels ** 2 }, (_, i) => same(Math.floor(i / channels), i % channels)),
      [channels, channels],
    )
    const [gamma, beta] = ['weight', 'bias'].map(part =>
      tf.tensor(valuesOf(`${name}.${part}`), [1, channels]),
    )
    return x => {
      const [n, height, width] = x.shape
      const mean = (t: Tensor) =>
        tf.matMul(tf.reshape(tf.avgPool(t, [height, width], 1, 'valid'), [n, channels]), grouping)
      const mu = mean(x)
      const variance = tf.sub(mean(tf.square(x)), tf.square(mu))
      const a = tf.mul(tf.rsqrt(tf.add(tf.relu(variance), 1e-5)), gamma)
      const b = tf.sub(beta, tf.mul(mu, a))
      const image = (t: Tensor) => tf.reshape(t, [n, 1, 1, channels])
      const y = tf.add(tf.mul(x, image(a)), image(b))
      return tf.mul(y, tf.sigmoid(y))
    }
  }

  function layerOf(spec: LayerSpec) {
    const { grid, patch: p, index: l, size, K } = spec
    const [P, X] = [p * p, grid * grid]
    const kernel = (part: string) => kernelOf(`layer${l}.${part}.weight`)
    const [project, conv0, conv1, view] = ['project', 'conv0', 'conv1', 'view'].map(kernel)
    const [norm0, norm1] = ['norm0', 'norm1'].map(part => normOf(`layer${l}.${part}`))
    // Patches to channels and a 1×1 convolution are one convolution with stride p: [width, P, 1, 1] → [p, p, 1, width].
    const told = kernel('feedback')
    const feedback = told && tf.reshape(told, [p, p, 1, spec.width])
    const patches = tf.tensor(
      Float32Array.from({ length: P * P }, (_, i) => (Math.floor(i / P) === i % P ? 1 : 0)),
      [p, p, 1, P],
    )
    const table = tf.mul(
      tf.tensor(valuesOf(`layer${l}.candidates`), shapeOf(`layer${l}.candidates`)),
      config.candidateGain,
    ) // [K, P·C]
    const C = table.shape[1] / P
    const columns = tf.transpose(table, [1, 0])
    // ‖W_k f‖² by W_k f itself where an image has no more pixels than there are features, else by f fᵀ.
    const direct = P === 1 && X <= C
    const each = tf.reshape(table, [K, P, C])
    const outer = tf.transpose(tf.reshape(tf.matMul(each, each, true), [K, C * C]), [1, 0])

    return (before: Tensor, chosen: Tensor | null, images: Tensor) => {
      const n = images.shape[0]
      const conv = (x: Tensor, kernel: Tensor, stride = 1) => tf.conv2d(x, kernel, stride, 'same')
      const previous =
        chosen && chosen.shape[1] < size ? tf.image.resizeBilinear(chosen, [size, size], false, true) : chosen
      let x = before.shape[1] < grid ? tf.image.resizeNearestNeighbor(before, [grid, grid]) : before
      if (project) x = conv(x, project)
      if (previous) x = tf.add(x, conv(previous, feedback!, p))
      const branch = conv(norm1(conv(norm0(x), conv0!)), conv1!)
      const features = tf.mul(tf.add(x, branch), Math.SQRT1_2)

      const target =
        size < config.size ? tf.avgPool(images, config.size / size, config.size / size, 'valid') : images
      const away = previous ? tf.sub(target, previous) : target
      const wanted = tf.reshape(p > 1 ? conv(away, patches, p) : away, [n, X, P])
      const f = tf.reshape(view ? conv(features, view) : features, [n, X, C])
      const cross = tf.matMul(tf.reshape(tf.matMul(wanted, f, true), [n, P * C]), columns) // [N, K]
      const energy = direct
        ? tf.sum(tf.reshape(tf.square(tf.matMul(tf.reshape(f, [n * X, C]), columns)), [n, X, K]), 1)
        : tf.matMul(tf.reshape(tf.matMul(f, f, true), [n, C * C]), outer)
      const index = tf.argMin(tf.sub(energy, tf.mul(cross, 2)), 1)
      const weights = tf.reshape(tf.gather(table, index), [n, P, C])
      const values = tf.reshape(tf.matMul(f, weights, false, true), [n, grid, grid, P])
      const painted = p > 1 ? tf.depthToSpace(values, p) : values
      return { features, index, image: previous ? tf.add(previous, painted) : painted }
    }
  }
}
