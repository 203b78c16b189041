/** What a frame of a film shows: the whole tree where it is small, else what the same codes stand for. */

import type { Images } from '../data/dataset.ts'
import { random } from '../data/rng.ts'
import { conditionShape } from '../ddn/condition.ts'
import { type DdnConfig, layersOf } from '../ddn/config.ts'
import { DdnModel } from '../ddn/model.ts'
import { decoder, layoutOf } from '../ddn/program.ts'
import { toldOf } from '../eval/told.ts'
import { compile, type RuntimeOptions } from '../runtime/index.ts'
import { plural } from './format.ts'
import { grid, type Picture } from './grid.ts'
import { NodePainter } from './tree-images.ts'
import { layoutTree, type TreeLayout } from './tree-layout.ts'
import { treePicture } from './tree-picture.ts'

export interface FrameDrawing {
  /** In words, for the file. */
  what: string
  draw(weights: Float32Array): Promise<Picture>
  close(): Promise<void>
}

/** Frames are cheap, or training would wait for its film. */
const MOST_LEAVES = 600
const SAMPLES = 36

/** Wider pictures are made smaller: a film has to travel. */
const WIDEST = 640

/** @param images  what a conditional network is told of, one of them for each sample */
export async function frameDrawing(
  config: DdnConfig,
  images: Images,
  runtime: RuntimeOptions = {},
): Promise<FrameDrawing> {
  const tree = treeFor(config)
  return tree ? treeFrames(config, tree, runtime) : sampleFrames(config, images, runtime)
}

/** The tree of at most 4 layers of at most 16 candidates, three levels of it or as many as do not cost too much. */
export function treeFor(config: DdnConfig): TreeLayout | null {
  const layers = layersOf(config)
  const K = layers.map(layer => layer.K)
  if (config.condition || K.length > 4 || Math.max(...K) > 16) return null
  let depth = 0
  for (let leaves = 1; depth < Math.min(3, K.length) && leaves * K[depth] <= MOST_LEAVES; depth++)
    leaves *= K[depth]
  return layoutTree({ K, sizes: layers.map(({ size }) => size), depth, children: [Math.max(...K)] })
}

async function treeFrames(
  config: DdnConfig,
  layout: TreeLayout,
  runtime: RuntimeOptions,
): Promise<FrameDrawing> {
  const painter = await NodePainter.open(config, layout.levels.length - 1, runtime)
  return {
    what: `the tree, ${plural(layout.levels.length - 1, 'level')} deep`,
    draw: async weights => narrowed(treePicture(await painter.paint(layout, weights), 'light')),
    close: () => painter.close(),
  }
}

async function sampleFrames(
  config: DdnConfig,
  images: Images,
  runtime: RuntimeOptions,
): Promise<FrameDrawing> {
  const { size, channels } = config
  const layers = layersOf(config)
  const layout = layoutOf(config)
  const rng = random(0, 'film')
  const codes = Int32Array.from({ length: SAMPLES * layers.length }, (_, i) =>
    rng.int(layers[i % layers.length].K),
  )
  const told = await toldFor(config, images, runtime)
  const step = await compile(decoder(config, layout, { batch: SAMPLES }), runtime)
  const feeds = {
    codes: { data: codes, shape: [SAMPLES, layers.length] },
    ...(told && {
      condition: { data: told, shape: [SAMPLES, ...conditionShape(config.condition!, config)] },
    }),
  }
  return {
    what: `${SAMPLES} images of codes drawn once`,
    async draw(weights) {
      await step.write('parameters', weights)
      const { image } = await step.run(feeds)
      const scale = Math.max(1, Math.floor(64 / size))
      return narrowed(grid(image as Float32Array, { count: SAMPLES, channels, size, scale, gap: 4 }))
    },
    close: () => step.close(),
  }
}

/** What a conditional network is told for every sample: what the first images show, in turn. */
async function toldFor(
  config: DdnConfig,
  images: Images,
  runtime: RuntimeOptions,
): Promise<Float32Array | null> {
  if (!config.condition) return null
  const model = await DdnModel.open(config, new Float32Array(layoutOf(config).size), runtime)
  try {
    const indices = Array.from({ length: SAMPLES }, (_, i) => i % images.count)
    return await model.condition(toldOf(model, images, indices).condition!, SAMPLES)
  } finally {
    await model.close()
  }
}

/** A picture of at most 640 pixels: means over squares of whole pixels; a rest on the right and below is cut off. */
export function narrowed(picture: Picture): Picture {
  const factor = Math.ceil(picture.width / WIDEST)
  if (factor === 1) return picture
  const { channels, data } = picture
  const [width, height] = [picture.width, picture.height].map(side => Math.floor(side / factor))
  const small = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let v = y * factor; v < (y + 1) * factor; v++)
          for (let u = x * factor; u < (x + 1) * factor; u++)
            sum += data[(v * picture.width + u) * channels + c]
        small[(y * width + x) * channels + c] = Math.round(sum / factor ** 2)
      }
  return { width, height, channels, data: small }
}
