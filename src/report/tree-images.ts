/** The images of a tree's nodes, and a tree with its images: what every picture of it is drawn from. */

import type { CodeTree } from '../codes/tree.ts'
import { conditionShape } from '../ddn/condition.ts'
import { type DdnConfig, type LayerSpec, layersOf } from '../ddn/config.ts'
import { decoder, layoutOf } from '../ddn/program.ts'
import { compile, type RuntimeOptions, type Step } from '../runtime/index.ts'
import type { Stack } from './pictures.ts'
import type { TreeLayout } from './tree-layout.ts'

/** A laid-out tree and the images of its nodes, level by level, in the order of the nodes. */
export interface ImageTree {
  layout: TreeLayout
  levels: readonly Stack[]
}

export interface PaintOptions {
  /** What a conditional network is told of all images, as `DdnModel.condition` gives it for one. */
  condition?: Float32Array
  /**
   * Whole images: every path goes on to its end by the child that most of the collection's paths take. The layout must
   * have a collection, and the sizes of whole images.
   */
  whole?: boolean
}

/** Paths at a time. */
const BATCH = 32

/**
 * Paints the nodes of a network's tree: of path k_1 … k_d the image that layer d chooses. Only the layers that are
 * needed are computed, and weights can change between pictures, so that a film of a training compiles once.
 */
export class NodePainter {
  private readonly layers: readonly LayerSpec[]

  private constructor(
    private readonly config: DdnConfig,
    private readonly step: Step,
  ) {
    this.layers = layersOf(config)
  }

  /** @param depth  codes of the longest path to be painted, 1 … L; L where images are to be whole */
  static async open(config: DdnConfig, depth: number, runtime: RuntimeOptions = {}): Promise<NodePainter> {
    const { outputs, state } = decoder(config, layoutOf(config), { batch: BATCH, levels: true })
    // What is not asked for is not computed.
    const names = Array.from({ length: depth }, (_, layer) => `level${layer}`)
    const asked = Object.fromEntries(names.map(name => [name, outputs[name]]))
    return new NodePainter(config, await compile({ outputs: asked, state }, runtime))
  }

  /** The images of all nodes of a layout. */
  async paint(
    layout: TreeLayout,
    weights: Float32Array,
    { condition, whole = false }: PaintOptions = {},
  ): Promise<ImageTree> {
    const { channels } = this.config
    const tree = whole ? layout.tree : null
    if (whole && !tree) throw new Error('whole images need a collection, which says how paths go on')
    await this.step.write('parameters', weights)
    const levels: Stack[] = []
    for (const { from, to, size } of layout.levels) {
      const paths = layout.nodes.slice(from, to).map(({ path }) => path)
      const data =
        paths[0].length === 0
          ? await this.mean(layout.tree, size, tree, condition)
          : await this.images(paths, size, tree, condition)
      levels.push({ data, count: paths.length, channels, size })
    }
    return { layout, levels }
  }

  async close(): Promise<void> {
    await this.step.close()
  }

  /**
   * What stands for the root of the tree. A network begins with mid grey, which shows nothing: this is the mean of all
   * children of the root, each as often as the collection takes it, or all alike where there is none.
   */
  private async mean(
    collection: CodeTree | null,
    size: number,
    whole: CodeTree | null,
    condition?: Float32Array,
  ): Promise<Float32Array> {
    const { K } = this.layers[0]
    const shares = new Float64Array(K)
    for (const { code, count } of collection?.children([]) ?? []) shares[code] = count / collection!.count
    if (!collection?.count) shares.fill(1 / K)
    const paths = Array.from({ length: K }, (_, code) => [code])
    const children = await this.images(paths, size, whole, condition)
    const mean = new Float32Array(children.length / K)
    for (let i = 0; i < children.length; i++)
      mean[i % mean.length] += shares[Math.floor(i / mean.length)] * children[i]
    return mean
  }

  /** The images [N, c, size, size] of nodes that are all as deep. */
  private async images(
    paths: readonly (readonly number[])[],
    size: number,
    whole: CodeTree | null,
    condition?: Float32Array,
  ): Promise<Float32Array> {
    const { layers, config } = this
    const L = layers.length
    const layer = whole ? L - 1 : paths[0].length - 1
    const length = config.channels * size * size
    const images = new Float32Array(paths.length * length)
    const told = condition && this.toldToAll(condition)
    for (let from = 0; from < paths.length; from += BATCH) {
      const some = paths.slice(from, from + BATCH)
      const codes = new Int32Array(BATCH * L)
      some.forEach((path, row) => {
        codes.set(whole ? wholePath(whole, path) : path, row * L)
      })
      const feeds = { codes: { data: codes, shape: [BATCH, L] }, ...(told && { condition: told }) }
      const outputs = await this.step.run(feeds)
      const painted = outputs[`level${layer}`] as Float32Array
      images.set(painted.subarray(0, some.length * length), from * length)
    }
    return images
  }

  private toldToAll(condition: Float32Array) {
    const data = new Float32Array(BATCH * condition.length)
    for (let row = 0; row < BATCH; row++) data.set(condition, row * condition.length)
    return { data, shape: [BATCH, ...conditionShape(this.config.condition!, this.config)] }
  }
}

/** A path [L] that goes on by the most used child, and where no path of the collection goes, by the first. */
function wholePath(tree: CodeTree, path: readonly number[]): number[] {
  const whole = [...path]
  while (whole.length < tree.K.length) whole.push(tree.children(whole)[0]?.code ?? 0)
  return whole
}
