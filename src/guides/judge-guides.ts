// Guides that ask a judge: for a class, for certainty, for what another picture has. For a text: judge-text.ts.

import { suggestion } from '../data/nearest.ts'
import {
  div,
  exp,
  less,
  log,
  logSoftmax,
  maximum,
  mul,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  sizeOf,
  sqrt,
  square,
  sub,
  type Tensor,
  transpose,
  where,
} from '../graph/index.ts'
import { ownersOf } from './compiled.ts'
import type { BlackBoxGuide, CandidateImages } from './guide.ts'
import type { Judge } from './judge.ts'
import { countOf, type Pictures } from './pictures.ts'
import { batchFor, RowFunction, type Targets } from './rows.ts'
import { gram, relativeDistance } from './tasks/style.ts'

/** A class by its name, or by its number from 0. */
export type Label = string | number

/** Wants a class, one for all results or one for each: score = ln p(label), error = 1 − p(label). */
export function classGuide(judge: Judge, label: Label | readonly Label[]): BlackBoxGuide {
  const classes = classesOf(judge)
  const labels = (Array.isArray(label) ? label : [label]).map(one => labelIndex(judge, one))
  if (labels.length === 0) throw new Error(`${judge.name}: no label is given`)
  // One-hot rows pick the label's entry by a sum.
  const oneHot = new Float32Array(labels.length * classes)
  labels.forEach((index, i) => {
    oneHot[i * classes + index] = 1
  })
  return judged(judge, 'class', { values: oneHot, shape: [classes] }, (answers, wanted) => {
    const score = reduceSum(mul(logProbabilities(judge, answers), wanted), [1])
    return { score, error: sub(1, exp(score)) }
  })
}

/** Wants the judge to be sure, of whatever class: score = max ln p, error = 1 − max p. */
export function certainGuide(judge: Judge): BlackBoxGuide {
  classesOf(judge)
  return judged(judge, 'certain', undefined, answers => {
    const score = reduceMax(logProbabilities(judge, answers), [1])
    return { score, error: sub(1, exp(score)) }
  })
}

/** Wants images whose embedding points where `vector` does (default: the one in the judge's file): cosine. */
export function vectorGuide(
  judge: Judge,
  vector: ArrayLike<number> | undefined = judge.spec.vector,
): BlackBoxGuide {
  if (!vector) throw new Error(`${judge.name} has no vector; give one`)
  const [length] = judge.shape
  if (judge.spec.output.read === 'cosine' && vector.length !== length)
    throw new Error(`${judge.name}: its embeddings have ${length} numbers, the vector ${vector.length}`)
  return cosineGuide(judge, 'vector', Float32Array.from(vector))
}

/**
 * Wants images that are to the judge like a picture, one for all results or one for each. An embedding
 * (`cosine`): score = cosine, error = 1 − cosine. Features: score = −error, error = their mean squared
 * difference.
 */
export async function similarGuide(judge: Judge, pictures: Pictures): Promise<BlackBoxGuide> {
  const { read } = judge.spec.output
  if (read !== 'cosine' && read !== 'features')
    throw new Error(`${judge.name} is read as ${read}; likeness needs an output read as cosine or features`)
  const values = await answersTo(judge, pictures)
  if (read === 'cosine') return cosineGuide(judge, 'similar', values)
  const axes = judge.shape.map((_, i) => i + 1)
  return judged(judge, 'similar', { values, shape: judge.shape }, (answers, wanted) => {
    const error = reduceMean(square(sub(answers, wanted)), axes)
    return { score: mul(error, -1), error }
  })
}

/**
 * Wants a picture's style as the judge's features show it: error = ‖G − G*‖² / ‖G*‖² with Gram matrices G of
 * features [C, H, W] (or [H, W, C] of a model in NHWC), score = −error. Early features carry texture, late
 * ones things.
 */
export async function judgedStyle(judge: Judge, pictures: Pictures): Promise<BlackBoxGuide> {
  const { output, input } = judge.spec
  if (output.read !== 'features' || judge.shape.length !== 3)
    throw new Error(
      `${judge.name}: style needs features of every place, [N, C, H, W]; its output is read as ${output.read}, ` +
        `[N, ${judge.shape.join(', ')}]`,
    )
  const grams = (answers: Tensor) =>
    gram(input.layout === 'NHWC' ? transpose(answers, [0, 3, 1, 2]) : answers)
  const features = await RowFunction.open(
    { shape: judge.shape, batch: 1, build: answers => ({ grams: grams(answers) }) },
    judge.runtime,
  )
  const shape = features.shapes.grams
  const values = await features
    .run(await answersTo(judge, pictures))
    .then(found => found.grams)
    .finally(() => features.close())
  return judged(judge, 'style', { values, shape }, (answers, wanted) => {
    const error = relativeDistance(grams(answers), wanted, [shape[0]])
    return { score: mul(error, -1), error }
  })
}

/** Wants embeddings that point where these do, [T, D]: score = cosine, error = 1 − cosine. */
export function cosineGuide(judge: Judge, name: string, values: Float32Array): BlackBoxGuide {
  if (judge.spec.output.read !== 'cosine')
    throw new Error(
      `${judge.name} is read as ${judge.spec.output.read}; a ${name} needs an output that is an embedding, read as cosine`,
    )
  return judged(judge, name, { values, shape: judge.shape }, (answers, wanted) => {
    const lengths = sqrt(mul(reduceSumSquare(answers, [1]), reduceSumSquare(wanted, [1])))
    const score = div(reduceSum(mul(answers, wanted), [1]), maximum(lengths, 1e-12))
    return { score, error: sub(1, score) }
  })
}

/** A guide that reads a judge's answers [b, …] by a graph: score and error [b]. */
function judged(
  judge: Judge,
  name: string,
  targets: Targets | undefined,
  build: (answers: Tensor, targets: Tensor) => { score: Tensor; error: Tensor },
): BlackBoxGuide {
  const { shape } = judge
  let opening: Promise<RowFunction> | undefined
  const read = async (
    { images, shape: [, k, ...imageShape], results }: CandidateImages,
    what: 'score' | 'error',
  ) => {
    opening ??= RowFunction.open(
      { shape, batch: Math.min(judge.batch, batchFor(sizeOf(shape))), targets, build },
      judge.runtime,
    )
    const reader = await opening
    const owners = ownersOf(results, k)
    const numbers = new Float32Array(owners.length)
    await judge.look(images, imageShape, async (answers, start) => {
      const found = await reader.run(answers, owners.subarray(start))
      numbers.set(found[what], start)
    })
    const bad = numbers.findIndex(Number.isNaN)
    if (bad >= 0)
      throw new Error(
        `${judge.name} answered image ${bad} of ${numbers.length} with what is no number (NaN); its range, or mean and std, ` +
          'may not be what the model expects',
      )
    return numbers
  }
  return {
    kind: 'black-box',
    name: `${name} by ${judge.name.replace(/^.*[/\\\\]/, '')}`,
    score: candidates => read(candidates, 'score'),
    error: results => read(results, 'error'),
    close: async () => {
      const reader = opening
      opening = undefined
      await (await reader)?.close()
    },
  }
}

/** ln p of every class, [b, classes]: that of what a model rules out is low, but finite. */
export function logProbabilities(judge: Judge, answers: Tensor): Tensor {
  return judge.spec.output.read === 'logits'
    ? atLeast(logSoftmax(answers), Math.log(LEAST))
    : log(atLeast(answers, LEAST))
}

const LEAST = 1e-12

/** The larger of two, but NaN where x is: ONNX Runtime's Max may choose the number. */
function atLeast(x: Tensor, least: number): Tensor {
  return where(less(x, least), least, x)
}

function classesOf(judge: Judge): number {
  const { read } = judge.spec.output
  if (read !== 'logits' && read !== 'probabilities')
    throw new Error(
      `${judge.name} is read as ${read}; a class needs an output read as logits or probabilities`,
    )
  return judge.shape[0]
}

/** The number of a class; a name goes before a number in digits. */
export function labelIndex(judge: Judge, label: Label): number {
  const { classes } = judge.spec.output
  const count = judge.shape[0]
  const named = typeof label === 'string' ? (classes?.indexOf(label) ?? -1) : -1
  if (named >= 0) return named
  const index = typeof label === 'string' && /^\d+$/.test(label) ? Number(label) : label
  if (typeof index === 'string')
    throw new Error(
      classes
        ? `${judge.name} knows no class ${label}${suggestion(index, classes)}`
        : `${judge.name} has no names for its classes; give a number from 0 to ${count - 1}, not ${label}`,
    )
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new Error(
      `${judge.name} has ${count} classes, numbered from 0 to ${count - 1}; there is no ${label}`,
    )
  return index
}

/** The judge's answers to pictures, [N, …shape]. */
async function answersTo(judge: Judge, pictures: Pictures): Promise<Float32Array> {
  const count = countOf(pictures, judge.name)
  const length = sizeOf(judge.shape)
  const values = new Float32Array(count * length)
  const { images, channels, size } = pictures
  await judge.look(images, [channels, size, size], async (answers, start) => {
    values.set(answers, start * length)
  })
  return values
}
