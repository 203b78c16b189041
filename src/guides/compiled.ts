// Black boxes that graphs compute: one's own score, or a distance between what two images have in common.

import { reshape, showShape, sizeOf, type Tensor } from '../graph/index.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import type { BlackBoxGuide, CandidateImages } from './guide.ts'
import { countOf, type Pictures } from './pictures.ts'
import { resizeTensor } from './resample.ts'
import { batchFor, RowFunction } from './rows.ts'

export interface CompiledOptions {
  /** Width and height at which candidates are seen; default: each layer's own. */
  size?: number
  /** Candidates of one run; default: as many as make a million values, at most 256. */
  batch?: number
  runtime?: RuntimeOptions
}

/**
 * A black box whose scores a graph computes: images [n, C, H, W] → [n], higher is better. It is compiled once
 * for every size that it sees. `error`, of the same form, says what is wrong with a result, at best 0;
 * default: the negative score.
 */
export function compiled(
  name: string,
  score: (images: Tensor) => Tensor,
  options: CompiledOptions & { error?: (images: Tensor) => Tensor } = {},
): BlackBoxGuide {
  const { error } = options
  const programs = new BySize(options, async (shape, batch) =>
    RowFunction.open(
      {
        shape,
        batch,
        build: images => ({
          score: checkScores(name, score(images), batch),
          ...(error && { error: checkScores(name, error(images), batch) }),
        }),
      },
      options.runtime,
    ),
  )
  return {
    kind: 'black-box',
    name,
    size: options.size,
    score: async candidates => (await programs.run(candidates)).score,
    ...(error && { error: async results => (await programs.run(results)).error }),
    close: () => programs.close(),
  }
}

/** What a comparison is made of. */
export interface Comparison {
  /** Of images [n, C, H, W]: [n, …]. */
  features(images: Tensor): Tensor
  /** Of features [n, …] from those wanted, [n or 1, …]: [n], at best 0. */
  distance(features: Tensor, wanted: Tensor): Tensor
}

/**
 * A black box that wants the features of an image to be those of a picture: score = −distance, error =
 * distance. The pictures, one for all results or one for each, are resized to the candidates' size, and their
 * features taken once.
 */
export function compared(
  name: string,
  pictures: Pictures,
  { features, distance }: Comparison,
  options: CompiledOptions = {},
): BlackBoxGuide {
  countOf(pictures, name)
  const programs = new BySize(options, async (shape, batch) => {
    const wanted = await featuresOf(name, pictures, shape, features, options.runtime)
    return RowFunction.open(
      {
        shape,
        batch,
        targets: wanted,
        build: (images, targets) => ({
          distance: checkScores(name, distance(features(images), targets), batch),
        }),
      },
      options.runtime,
    )
  })
  const distances = async (images: CandidateImages) => (await programs.run(images)).distance
  return {
    kind: 'black-box',
    name,
    size: options.size,
    score: async candidates => (await distances(candidates)).map(value => -value),
    error: distances,
    close: () => programs.close(),
  }
}

/** The features of pictures, seen at the size of the candidates. */
async function featuresOf(
  name: string,
  { images, channels, size }: Pictures,
  [candidateChannels, height, width]: readonly number[],
  features: (images: Tensor) => Tensor,
  runtime?: RuntimeOptions,
) {
  if (channels !== candidateChannels)
    throw new Error(
      `${name}: the picture is ${colours(channels)}, the network paints ${colours(candidateChannels)}; fitPictures makes it fit`,
    )
  const program = await RowFunction.open(
    {
      shape: [channels, size, size],
      batch: 1,
      build: rows => ({ features: features(resizeTensor(rows, height, width)) }),
    },
    runtime,
  )
  try {
    return { values: (await program.run(images)).features, shape: program.shapes.features }
  } finally {
    await program.close()
  }
}

function colours(channels: number): string {
  return channels === 1 ? 'grey' : 'RGB'
}

/** One program for every shape of candidates, opened when it is first seen. */
class BySize {
  private readonly programs = new Map<string, Promise<RowFunction>>()

  constructor(
    private readonly options: CompiledOptions,
    private readonly open: (shape: readonly number[], batch: number) => Promise<RowFunction>,
  ) {}

  async run({
    images,
    shape: [, k, ...shape],
    results,
  }: CandidateImages): Promise<Record<string, Float32Array>> {
    const key = showShape(shape)
    let program = this.programs.get(key)
    if (!program) {
      program = this.open(shape, this.options.batch ?? batchFor(sizeOf(shape)))
      this.programs.set(key, program)
      program.catch(() => this.programs.delete(key))
    }
    return (await program).run(images, ownersOf(results, k))
  }

  async close(): Promise<void> {
    const programs = [...this.programs.values()]
    this.programs.clear()
    for (const program of programs) await (await program).close()
  }
}

/** The result of every candidate: each of the n has K in a row. */
export function ownersOf(results: Int32Array, k: number): Int32Array {
  return Int32Array.from({ length: results.length * k }, (_, i) => results[Math.floor(i / k)])
}

/** [n] from [n] or [n, 1, …]. */
function checkScores(name: string, scores: Tensor, batch: number): Tensor {
  if (scores.shape[0] !== batch || sizeOf(scores.shape) !== batch)
    throw new Error(`${name}: ${showShape(scores.shape)} is not one number for each of ${batch} images`)
  return reshape(scores, [batch])
}
